"""Outcomes in words: one outcome with its effect, hit rates as bars, and correction requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from connectors.parsing.row_place import RowPlace
from console.text.criteria import criterion_name
from console.text.words import OUTCOMES, number
from policies.values import Text
from services.lists.cited_coverage import CitedStatement
from services.lists.correction_requests import CorrectionRequest
from services.lists.marks import ReportedMark
from services.lists.outcomes import OutcomeFound, OutcomeTally, RuleCriterion
from services.results import facts

BAR = 10
"""Characters of a full bar."""
HITS = [Text("", ""), Text("", ""), Text("说中", "right"), Text("有误", "wrong"), Text("说中率", "hit rate")]
REQUEST = [
    Text("编号", "number"), Text("政策", "policy"), Text("条件", "criterion"), Text("单位", "unit"), Text("数据源", "feed"),
    Text("批次", "delivery"), Text("行", "row"), Text("覆盖声明", "coverage statement"), Text("自", "since"), Text("状态", "state"),
]  # fmt: skip
OPEN, REPLACED, CLOSED = Text("待更正", "open"), Text("本条已更新", "this record was replaced"), Text("已关闭", "closed")
COVERED = Text("本单位已有新的记录或声明", "the unit has delivered or stated anew")
ANSWERED = {
    "confirmed": Text("单位已确认，待更新登记", "confirmed, waits for the record"),
    "refuted": Text("单位答复不属实", "refuted by the unit"),
}
ANSWER_WORDS = {"confirmed": Text("属实", "confirmed"), "refuted": Text("不属实", "refuted")}
"""The words by which a register's unit answers."""


@dataclass(frozen=True, slots=True)
class CorrectionInWords(CorrectionRequest):
    """A request to look at a record or at coverage, with what the criterion or the outcome is called."""

    label: Text


def correction_in_words(request: CorrectionRequest) -> CorrectionInWords:
    """A correction request with the name of its criterion, or of the outcome that is about the subject itself."""
    return CorrectionInWords(
        **facts(request), label=OUTCOMES[request.outcome] if request.rule is None else rule_criterion_name(request.rule)
    )


def correction_row(request: CorrectionInWords, language: str) -> list[str]:
    """A correction request as a row of a table, or of the file for its unit."""
    state = _request_state(request)
    policy, unit, feed = (title[language] for title in request.titles)
    return [
        str(request.number), policy, request.label[language], unit, feed, _cell(request.delivery), _row(request)[language],
        "" if (of := request.statement) is None else statement_words(of)[language], str(request.since), state[language],
    ]  # fmt: skip


def _row(request: CorrectionInWords) -> Text:
    """The row of a request as the unit sees it in its file, with the sheet where there are several."""
    if request.row is None:
        return Text("", "")
    if request.line is None:
        return Text(f"第 {request.row} 条数据", f"data row {request.row}")
    if request.sheet is None:
        return Text(str(request.line), str(request.line))
    return RowPlace(request.line, request.sheet).words


def _cell(number: int | None) -> str:
    return "" if number is None else str(number)


def _request_state(request: CorrectionInWords) -> Text:
    if request.answer == "refuted" or (request.answer is not None and request.open):
        return ANSWERED[request.answer]
    if not request.open:
        return CLOSED
    return OPEN if request.in_force else REPLACED if request.statement is None else COVERED


def statement_words(statement: CitedStatement) -> Text:
    """A coverage statement in a cell: its id, place, day, and delivery."""
    rests = Text("", "") if statement.delivery is None else Text(f"，第 {statement.delivery} 批", f", delivery {statement.delivery}")
    place = statement.division or ""
    return Text(
        f"{statement.statement}（{place or '名单所列'}，截至 {statement.complete_to}{rests.zh}）",
        f"{statement.statement} ({place or 'those it lists'}, complete to {statement.complete_to}{rests.en})",
    )


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
            effect = Text(f"此反馈自 {outcome.until} 起已过期，不再影响名单。", f"It is over since {outcome.until} and keeps nobody off.")
        case "refuted":
            effect = Text("登记单位答复不属实，不再影响名单。", "The register's unit has refuted it: it keeps nobody off.")
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


def to_correct(number: int, records: int, statements: int, holders: Sequence[Text]) -> Text:
    """The request, how many records and coverage statements it is about, and the units that are asked."""
    zh, en = "、".join(title.zh for title in holders), ", ".join(title.en for title in holders)
    counts = [
        (Text(f"{records} 条记录", f"records: {records}"), records),
        (Text(f"{statements} 份覆盖声明", f"coverage statements: {statements}"), statements),
    ]
    about = [text for text, count in counts if count]
    return Text(
        f"更正请求 {number}：{'、'.join(text.zh for text in about)}，由{zh}核对。",
        f"Correction request {number}: {', '.join(text.en for text in about)}, for the {en}.",
    )


def mark_text(mark: ReportedMark) -> Text:
    """A mark as a sentence: who reported what, and what the register's unit has answered."""
    (agency, register), title = mark.titles, OUTCOMES[mark.outcome]
    word = Text(
        f"{register.zh}尚未答复（更正请求 {mark.request}）", f"the {register.en} has not answered yet (correction request {mark.request})"
    )
    if mark.confirmed is not None:
        word = Text(
            f"{register.zh}已于 {mark.confirmed} 确认，登记尚未更新",
            f"the {register.en} confirmed it on {mark.confirmed}, its record does not say so yet",
        )
    return Text(
        f"注意：{agency.zh} {mark.on} 报告此对象{title.zh}；{word.zh}。以登记为准，名单不因此变动。",
        f"Mark: {agency.en} reported on {mark.on}: {title.en}; {word.en}. The register decides, lists stay as they are until then.",
    )


def answered_text(number: int, answer: str, new: bool) -> Text:
    """What became of an answer to a correction request."""
    if not new:
        return Text("与先前的答复相同，没有改变什么。", "That was answered before; it changes nothing.")
    if answer == "refuted":
        zh = f"更正请求 {number}：已记下“不属实”。标注撤去，因此报告暂不上名单的恢复。"
        return Text(zh, f"Request {number}: refuted. The mark goes, and the report keeps nobody off a list any more.")
    zh = f"更正请求 {number}：已记下“属实”。登记更新之前，名单上注明已确认。"
    return Text(zh, f"Request {number}: confirmed. Lists say so until the register's record does.")
