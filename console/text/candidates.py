"""A list of candidates in words: the rows of its table, and the sentences below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from console.text.criteria import labels
from console.text.words import OUTCOMES, STATUSES, VERDICTS, number, outcomes, street, token
from policies.values import Text
from services.lists.marks import mark_words

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy
    from services.lists.candidates import CandidateList, ListedCandidate

MARK = "＊"
"""Behind the status of a candidate who is a yes for every possible value of the missing fields."""
HELD = Text("（暂缓移出）", " (held back)")
"""Behind the status of a candidate whose exit is held back."""
COLUMNS = [
    Text("对象", "subject"),
    Text("判定", "verdict"),
    Text("状态", "status"),
    Text("街镇", "street"),
    Text("待核实 / 缺的证据（谁掌握）", "to check / missing evidence (who holds it)"),
]
WORK = Text("办理", "work")
"""The column of what is known of the work on each candidate, where anything is."""


def candidate_rows(candidates: Sequence[ListedCandidate], policy: Policy, catalogue: Catalogue, language: str) -> Iterator[list[str]]:
    """The rows of a list's table; with a cell of ``WORK`` where ``has_work`` of these candidates."""
    names, is_worked = labels(policy, catalogue), has_work(candidates)
    for c in candidates:
        status = STATUSES[c.status][language] + (f" {MARK}" if c.still_yes else "") + (HELD[language] if c.held else "")
        status += "" if c.reported is None else mark_words(c.reported)[language]
        points = _open_points(c, names, catalogue, language)
        row = [token(c.subject), VERDICTS[c.verdict][language], status, street(c.division, catalogue.divisions, language), points]
        yield [*row, _work(c, language)] if is_worked else row


def has_work(candidates: Iterable[ListedCandidate]) -> bool:
    """Is anything known of the work on one of these candidates?"""
    return any(c.outcome or c.assigned_to or c.call_again or c.notes for c in candidates)


def _work(c: ListedCandidate, language: str) -> str:
    """What is known of the work on a candidate: outcome, person, day to call again, number of notes."""
    parts = []
    if c.outcome is not None:
        parts.append(f"{OUTCOMES[c.outcome][language]} {c.outcome_on}")
    if c.assigned_to is not None:
        parts.append(c.assigned_to if language == "zh" else f"for {c.assigned_to}")
    if c.call_again is not None:
        parts.append(f"{c.call_again} 再联系" if language == "zh" else f"call again {c.call_again}")
    if c.notes:
        parts.append(Text(f"备注 {c.notes}", f"notes: {c.notes}")[language])
    return ("；" if language == "zh" else "; ").join(parts)


def _open_points(c: ListedCandidate, names: Mapping[str, Text], catalogue: Catalogue, language: str) -> str:
    """The open checks and missing evidence of a candidate, with the units that hold the evidence."""

    def name_of(criterion: str) -> str:
        return names[criterion][language] if criterion in names else criterion

    points = [Text("核实：", "ask: ")[language] + name_of(check) for check in c.checklist]
    for evidence in c.missing:
        holders = ", ".join(catalogue.units[unit].title[language] for unit in evidence.units)
        points.append(
            name_of(evidence.criterion) + (f"（{holders}）" if holders and language == "zh" else f" ({holders})" if holders else "")
        )
    return "；".join(points) if language == "zh" else "; ".join(points)


def in_all(listing: CandidateList) -> Text:
    """How many candidates there are, by status."""
    counts = {status: listing.counts.get(status, 0) for status in STATUSES}
    zh = "，".join(f"{STATUSES[s].zh if s else '只计数'} {number(n)}" for s, n in counts.items() if n)
    en = ", ".join(f"{number(n)} {STATUSES[s].en if s else 'only counted'}" for s, n in counts.items() if n)
    total = number(listing.total)
    return Text(f"{listing.day}：共 {total}（{zh or '无'}）", f"{listing.day}: {total} in all ({en or 'none'})")


def kept_off_text(counts: Mapping[str, int]) -> Text:
    """How many are kept off a list, by outcome."""
    count, zh, en = number(sum(counts.values())), outcomes(counts, "zh"), outcomes(counts, "en")
    return Text(f"另有 {count} 个因反馈不在名单上：{zh}。", f"Kept off by outcomes: {count} ({en}).")


def erased_since(count: int) -> Text:
    """The warning about a list of the past: persons erased since are not on it."""
    zh = f"在那之后有 {count} 人的资料被删除，不在此列，也不说明当时是否在列。"
    return Text(zh, f"{count} persons were erased since: they are not shown, and whether they were on it is not told.")
