"""Which waiting messages need not go out, because what they tell was over before anybody heard of it."""

from __future__ import annotations

import pytest

from data.outbox import Line, unheard_keys


def story(text: str) -> list[Line]:
    """`1:A+ B+ sent`: message 1 opens A and B and was sent; `-` is an end. The n-th word on A has seq n."""
    lines, words = [], dict[str, int]()
    for part in text.split(", "):
        key, _, rest = part.partition(":")
        *items, state = rest.split()
        for item in items:
            incident = item[:-1]
            words[incident] = words.get(incident, -1) + 1
            reason = "resolved" if item.endswith("-") else "first"
            lines.append(
                Line(key, incident, words[incident], reason, state, heard=state in ("sent", "leased"))
            )
    return lines


@pytest.mark.parametrize(
    ("told", "unheard"),
    [
        ("1:A+ queued, 2:A- queued", {"1", "2"}),
        ("1:A+ sent, 2:A- queued", set()),
        ("1:A+ dead, 2:A- queued", {"2"}),
        ("1:A+ queued", set()),
        ("1:A+ B+ queued, 2:A- queued", set()),  # B is news, so A is told with it, and its end too
        ("1:A+ B+ queued, 2:A- B- queued", {"1", "2"}),
        ("1:A+ B+ queued, 2:A- queued, 3:B- queued", {"1", "2", "3"}),
        ("0:B+ sent, 1:A+ queued, 2:A- B- queued", set()),
        ("1:A+ queued, 2:A- B+ queued, 3:B- queued", {"1", "2", "3"}),
        ("1:A+ queued, 2:A- B+ queued", set()),
    ],
)
def test_what_ended_unheard_is_left_out_where_nothing_else_is_told(told: str, unheard: set[str]) -> None:
    assert unheard_keys(story(told)) == unheard
