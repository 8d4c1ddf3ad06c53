"""Changes of lists as tables: how many entered, left or changed, by policy, status and cause; and who did since an edition or a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from console.text.words import CAUSES, CHANGES, STATUSES, number
from policies.values import Text

if TYPE_CHECKING:
    from services.exports.list_changes import ChangedCandidate, ChangesSince
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


SINCE = [
    Text("变动", "change"),
    Text("姓名", "name"),
    Text("号码", "number"),
    Text("街镇", "street"),
    Text("原状态 → 现状态", "before → now"),
    Text("理由", "why"),
    Text("起因", "event"),
]


def since_row(change: ChangedCandidate, language: str) -> list[str]:
    """One changed candidate as a row."""
    statuses = f"{STATUSES[change.before][language]} → {STATUSES[change.status][language]}"
    event = f"{change.day} {change.event[language]}"
    kind = CHANGES[change.change][language]
    return [kind, change.name, change.number, change.street[language], statuses, change.reason[language], event]


def changes_in_all(result: ChangesSince) -> Text:
    """How many entered, left and changed."""
    since = f"第 {result.since} 期" if result.since.isdigit() else f" {result.since} "
    counts = counts_in_words(result.counts)
    before = f"edition {result.since}" if result.since.isdigit() else result.since
    return Text(f"自{since}以来，至 {result.day}：{counts.zh}。", f"Since {before}, up to {result.day}: {counts.en}.")


def counts_in_words(counts: Mapping[str, int]) -> Text:
    """The number of changes by kind."""
    zh = "，".join(f"{CHANGES[kind].zh} {number(count)}" for kind, count in counts.items())
    return Text(zh, ", ".join(f"{number(count)} {CHANGES[kind].en}" for kind, count in counts.items()))
