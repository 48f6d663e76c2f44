"""The README's table of options, made from the settings themselves, so that the two cannot differ.

`python -m tests.readme_table` prints it, to be pasted after an option was added.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin

from msgspec import Meta

from collectors.settings.options import Secret, Settings
from collectors.settings.sources import env_name, option_paths


def settings_table() -> str:
    lines = ["| option | environment | default | what it is |", "|---|---|---|---|"]
    for path, kind in option_paths().items():
        value: Any = Settings()
        for part in path:
            value = getattr(value, part)
        default = {True: "true", False: "false", None: "–", "": "–", (): "–", Secret(""): "–"}.get(
            value, str(value)
        )
        if isinstance(value, int | float) and not isinstance(value, bool):
            default = f"{value:g}" if isinstance(value, float) else str(value)
        lines.append(f"| `{'.'.join(path)}` | `{env_name(path)}` | {default} | {_told(path, kind)} |")
    return "\n".join(lines)


def _told(path: tuple[str, ...], kind: Any) -> str:
    while get_origin(kind) is Annotated:
        kind, *extras = get_args(kind)
        for extra in extras:
            if isinstance(extra, Meta) and extra.description:
                return extra.description
    if path == ("data_dir",):
        return "folder of database, keys and token"
    raise AssertionError(f"{path} has no description")


if __name__ == "__main__":
    print(settings_table())
