"""Changes of lists as a table: how many entered, left or changed, by policy, status and cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from console.text.words import CAUSES, CHANGES, STATUSES, number
from policies.values import Text

if TYPE_CHECKING:
    from streams.language.messages import CandidateChange

COLUMNS = [
    Text("政策", "policy"),
    Text("变动", "change"),
    Text("原状态", "before"),
    Text("现状态", "now"),
    Text("原因", "cause"),
    Text("人（户、套）数", "how many"),
]


def change_rows(changes: Iterable[CandidateChange], titles: Mapping[str, Text], language: str) -> list[list[str]]:
    """The rows of the table: changes of the same policy, kind, statuses and cause are one row, with their count."""
    alike = Counter((c.policy, c.change, c.before, c.status, c.cause.kind) for c in changes)
    return [
        [
            titles[policy][language], CHANGES[kind][language], STATUSES[before][language], STATUSES[after][language],
            CAUSES[cause][language], number(n),
        ]
        for (policy, kind, before, after, cause), n in sorted(
            alike.items(), key=lambda item: (item[0][0], item[0][1], -item[1], str(item[0]))
        )
    ]  # fmt: skip
