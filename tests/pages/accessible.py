"""Whether a drawn page can be used without eyes or mouse, as far as axe-core tells: WCAG 2.2 A and AA."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FEWEST_PASSED = 10  # a page on which fewer rules had something to judge was not drawn


def accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response
    broken = [
        f"{rule['id']}: {rule['help']}: {[node['html'][:200] for node in rule['nodes'][:3]]}"
        for rule in found["violations"]
    ]
    assert not broken, "\n".join(broken)
    assert len(found["passes"]) >= FEWEST_PASSED
