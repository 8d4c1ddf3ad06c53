"""Outcomes in words: one outcome with its effect, hit rates as bars, and correction requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from console.text.criteria import criterion_name
from console.text.words import OUTCOMES, number
from policies.values import Text
from services.lists.correction_requests import CorrectionRequest
from services.lists.outcomes import OutcomeFound, OutcomeTally, RuleCriterion
from services.results import facts

BAR = 10
"""Characters of a full bar."""
HITS = [Text("", ""), Text("", ""), Text("说中", "right"), Text("有误", "wrong"), Text("说中率", "hit rate")]
REQUEST = [
    Text("编号", "number"), Text("政策", "policy"), Text("条件", "criterion"), Text("单位", "unit"), Text("数据源", "feed"),
    Text("批次", "delivery"), Text("行", "row"), Text("自", "since"), Text("状态", "state"),
]  # fmt: skip
OPEN, REPLACED, CLOSED = Text("待更正", "open"), Text("本条已更新", "this record was replaced"), Text("已关闭", "closed")


@dataclass(frozen=True, slots=True)
class CorrectionInWords(CorrectionRequest):
    """A request to look at a record, with what the criterion is called."""

    label: Text


def correction_in_words(request: CorrectionRequest) -> CorrectionInWords:
    """A correction request with the name of its criterion."""
    return CorrectionInWords(**facts(request), label=rule_criterion_name(request.rule))


def correction_row(request: CorrectionInWords, language: str) -> list[str]:
    """A correction request as a row of a table, or of the file for its unit."""
    state = CLOSED if not request.open else OPEN if request.in_force else REPLACED
    policy, unit, feed = (title[language] for title in request.titles)
    return [
        str(request.number), policy, request.label[language], unit, feed, str(request.delivery), str(request.row), str(request.since),
        state[language],
    ]  # fmt: skip


def rule_criterion_name(criterion: RuleCriterion) -> Text:
    """The name of a criterion; its id where no version has the criterion."""
    if criterion.leaf is None:
        return Text(criterion.id, criterion.id)
    return criterion_name(criterion.leaf, criterion.policy, criterion.catalogue)


def hit_rows(tally: OutcomeTally, language: str) -> Iterator[list[str]]:
    """The rows of hit rates: of the list, of each criterion, and of each unit."""
    yield _hits(Text("名单", "the list"), "", tally.right, tally.wrong, tally.hit_rate, language)
    for criterion in tally.criteria:
        name = rule_criterion_name(criterion.rule)[language]
        yield _hits(Text("条件", "criterion"), name, criterion.right, criterion.wrong, criterion.hit_rate, language)
    for unit in tally.units:
        yield _hits(Text("单位", "unit"), unit.title[language], unit.right, unit.wrong, unit.hit_rate, language)


def _hits(what: Text, name: str, right: int, wrong: int, share: float | None, language: str) -> list[str]:
    return [what[language], name, number(right), number(wrong), _bar(share)]


def _bar(share: float | None) -> str:
    """A share as a bar with its percentage; a dash where it is None."""
    if share is None:
        return "—"
    full = round(share * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {share:.0%}"


def kept_off_now(tally: OutcomeTally) -> Text:
    """How many subjects are kept off a list now, and the day on which the first comes back."""
    zh = f"现有 {number(tally.kept_off)} 个因反馈不在名单上，最早 {tally.next_back} 恢复（证据有变则提前）。"
    en = f"Kept off now: {number(tally.kept_off)}; the next comes back on {tally.next_back}, or earlier when the evidence changes."
    return Text(zh, en)


def outcome_text(outcome: OutcomeFound) -> Text:
    """An outcome: its kind, day and reporter, and its effect on the list."""
    title, zh, en = OUTCOMES[outcome.outcome], "", ""
    if outcome.refuted is not None:
        label = rule_criterion_name(outcome.refuted)
        zh, en = f"（{label.zh}）", f" ({label.en})"
    match outcome.standing:
        case "never":
            effect = Text("不影响名单。", "It keeps nobody off the list.")
        case "kept":
            effect = Text(
                f"在 {outcome.until} 之前不上名单；证据有变则提前恢复。",
                f"Kept off the list until {outcome.until}, or until the evidence changes.",
            )
        case "over":
            effect = Text(f"期限 {outcome.until} 已到，不再影响名单。", f"Its time was over on {outcome.until}: it keeps nobody off.")
        case "evidence":
            effect = Text("此后证据有变，不再影响名单。", "The evidence has changed since: it keeps nobody off.")
    return Text(
        f"反馈：{outcome.on} 查明“{title.zh}”{zh}，由 {outcome.by} 报告。{effect.zh}",
        f"Outcome: {title.en}{en}, found on {outcome.on}, reported by {outcome.by}. {effect.en}",
    )


def not_new(counts: date, on: date) -> Text:
    """Why a reported outcome changes nothing.

    Args:
        counts: the day of the outcome in effect.
        on: the day of the reported outcome.
    """
    if on < counts:
        zh = f"已有 {counts} 的反馈，较早的这一条不起作用。"
        return Text(zh, f"An outcome of {counts} counts; this earlier one changes nothing.")
    return Text("与已记下的相同，没有改变什么。", "This was noted before; it changes nothing.")


def to_correct(records: int, holders: Sequence[Text]) -> Text:
    """The number of records to correct, and the units that hold them."""
    zh, en = "、".join(title.zh for title in holders), ", ".join(title.en for title in holders)
    return Text(f"更正请求：{records} 条记录，由{zh}核对。", f"Correction request: records: {records}, held by the {en}.")
