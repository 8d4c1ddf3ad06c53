"""An explanation in words: the verdict, the criteria with their comparisons, the records, and the units that hold missing evidence.

``console.cli.reasons`` draws it; the JSON of ``huimin explain`` is also made from ``explanation_in_words``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from console.text.clauses import Clauses
from console.text.criteria import labels
from console.text.criterion_comparisons import comparison_words
from console.text.values import code_words
from console.text.words import STATUSES, VERDICTS, place, street, token
from matchers.kernel.batch import NO_ORDER
from policies.language.catalogue import Catalogue, Feed, Field, FieldType
from policies.language.tree import walk
from policies.values import Text
from services.lists.cited_coverage import CitedStatement
from services.lists.explanations import CitedRecord, ErasedSubject, ExplainedCriterion, SubjectExplanation
from services.results import Sentence, facts

EPOCH = date(1970, 1, 1)
TRUTHS = {"T": True, "F": False, "U": None}


@dataclass(frozen=True, slots=True)
class CriterionInWords(ExplainedCriterion):
    """A criterion with its label, what it tests, and what was found."""

    criteria: tuple[CriterionInWords, ...]
    label: Sentence | None
    tests: Sentence
    words: Sentence


@dataclass(frozen=True, slots=True)
class ExplanationInWords(SubjectExplanation):
    """A verdict with its reasons, and the words of every criterion."""

    criteria: CriterionInWords | None


def explanation_in_words(explanation: SubjectExplanation) -> ExplanationInWords:
    """An explanation with the words of every criterion."""
    policy, catalogue = explanation.rule, explanation.catalogue
    nodes = {site.node.meta.path: site.node for site in walk(policy.criteria, sets=False)}
    zh, en = (Clauses(catalogue, language, policy.params) for language in ("zh", "en"))

    def in_words(criterion: ExplainedCriterion) -> CriterionInWords:
        node, truth = nodes[criterion.path], TRUTHS[criterion.truth]
        more = facts(criterion) | {"criteria": tuple(in_words(child) for child in criterion.criteria)}
        words = Text(*(comparison_words(criterion.comparison, truth, clauses) for clauses in (zh, en)))
        return CriterionInWords(**more, label=node.meta.label, tests=Text(zh.line(node), en.line(node)), words=words)

    criteria = explanation.criteria
    return ExplanationInWords(**facts(explanation) | {"criteria": criteria and in_words(criteria)})


def answer_lines(explanation: SubjectExplanation) -> Iterator[Text]:
    """Who answered which check, and when; nothing where an older version did not note it."""
    names = labels(explanation.rule, explanation.catalogue)
    for entry in explanation.answers:
        if entry.by is not None:
            label = names.get(entry.check, Text(entry.check, entry.check))
            zh, en = f"核实（{entry.by}，{entry.day}）：{label.zh}", f"answered by {entry.by} on {entry.day}: {label.en}"
            yield Text(f"{zh}——{'是' if entry.answer else '否'}", f"{en}: {'yes' if entry.answer else 'no'}")


def headline(explanation: SubjectExplanation) -> Text:
    """Policy, subject, street, day, verdict, and the status by the rule."""
    policy, who = explanation.rule, token(explanation.subject)
    if explanation.verdict is None:
        zh = f"{policy.title.zh} · {who}：不作判定（未登记，或在范围 {policy.scope} 之外）"
        return Text(zh, f"{policy.title.en} · {who}: no verdict (not registered, or outside {policy.scope})")
    word, listing = VERDICTS[explanation.verdict], _listing(explanation.status, explanation.overridden)
    zh, en = (street(explanation.division, explanation.catalogue.divisions, language) for language in ("zh", "en"))
    return Text(
        f"{policy.title.zh} · {who}（{zh}，{explanation.day}）：{word.zh}，{listing.zh}",
        f"{policy.title.en} · {who} ({en}, {explanation.day}): {word.en}, {listing.en}",
    )


def _listing(status: str | None, overridden: bool) -> Text:
    """The status of a subject; "by the rule" is added where an outcome or a hold makes the list differ from the rule."""
    if status is None:
        return Text("按规则不在名单上", "not listed by the rule") if overridden else Text("不在名单上", "not listed")
    title = STATUSES[status]
    if overridden:
        return Text(f"按规则应列为“{title.zh}”", f"{title.en} by the rule")
    return Text(f"名单状态“{title.zh}”", f"listed as {title.en}")


def merged_text(into: int) -> Text:
    """The sentence about a subject that is merged into another."""
    return Text(f"→ 已并入 {token(into)}，请查后者。", f"→ It counts as {token(into)}: ask about that one.")


def erased_text(erased: ErasedSubject) -> Text:
    """The sentence about an erased person."""
    zh = f"此人的资料已于 {erased.erased} 删除（原因 {erased.reason}），以前和以后的名单都不再说明。"
    return Text(zh, f"Erased on {erased.erased} (reason {erased.reason}): nothing is told of this person, then or now.")


def record_text(record: CitedRecord, catalogue: Catalogue) -> Text:
    """A record that a criterion rests on: its source, its version, and its values."""
    feed, unit = catalogue.feeds[record.feed], catalogue.units[record.unit].title
    cells = [(feed.fields[name], value) for name, value in record.fields.items()]
    zh = "，".join(f"{field.title.zh} {_cell(field, value, catalogue, 'zh') or '（空）'}" for field, value in cells)
    en = ", ".join(f"{field.title.en} {_cell(field, value, catalogue, 'en') or '(empty)'}" for field, value in cells)
    span = f" [{record.start or '…'} → {record.end or '…'}]" if record.start or record.end else ""
    version = _version(record.order, feed)
    bad = Text("，该行在隔离中", ", this row is in quarantine") if record.quarantined else Text("", "")
    return Text(
        f"{feed.title.zh} · {unit.zh} 第 {record.delivery} 批{version.zh}{span}{bad.zh}" + (f"：{zh}" if zh else ""),
        f"{feed.title.en} · {unit.en}, delivery {record.delivery}{version.en}{span}{bad.en}" + (f": {en}" if en else ""),
    )


def coverage_text(statement: CitedStatement, catalogue: Catalogue) -> Text:
    """A coverage statement that proves an absence: the unit, the place, the day up to which it holds, and its delivery."""
    feed, unit = catalogue.feeds[statement.feed].title, catalogue.units[statement.unit].title
    zh, en = "名单所列对象", "those it lists"
    if statement.division is not None:
        zh, en = (place(statement.division, catalogue.divisions, language) for language in ("zh", "en"))
    number = statement.delivery
    rests = Text("", "") if number is None else Text(f"，据第 {number} 批", f", by delivery {number}")
    return Text(
        f"没有其他记录：{unit.zh}声明“{feed.zh}”在 {zh} 截至 {statement.complete_to} 齐全{rests.zh}（声明 {statement.statement}）",
        f"no other record: {unit.en} states {feed.en} complete for {en} to {statement.complete_to}{rests.en} "
        f"(statement {statement.statement})",
    )


def _cell(field: Field, value: str, catalogue: Catalogue, language: str) -> str:
    """A value in words: a division by its name, a code by its title; in English by the code where the contract has no English title."""
    if field.type is FieldType.DIVISION:
        return street(value, catalogue.divisions, language)
    return code_words(field, value, language)


def _version(order: int, feed: Feed) -> Text:
    """The version of a record; as a date where the order column holds dates or times."""
    if feed.order is None:
        return Text("", "")
    if order == NO_ORDER:
        return Text("（次序不可用）", " (without usable order)")
    if feed.order_type == "number":
        return Text(f"（版本 {order}）", f" (version {order})")
    try:
        changed = EPOCH + timedelta(days=order if abs(order) < 10_000_000 else order // 86_400_000_000)
    except OverflowError:
        return Text(f"（版本 {order}）", f" (version {order})")
    return Text(f"（{changed} 更新）", f" (of {changed})")


def open_points(explanation: SubjectExplanation) -> list[Text]:
    """A line for each missing evidence, with the unit that holds it, and for each open check."""
    catalogue, names = explanation.catalogue, labels(explanation.rule, explanation.catalogue)
    lines = []
    for evidence in explanation.missing:
        name = names.get(evidence.criterion) or Text(evidence.criterion, evidence.criterion)
        if evidence.feed is None or evidence.unit is None:
            lines.append(Text(f"→ {name.zh}：参数没有此时的值", f"→ {name.en}: a parameter has no value on this day"))
            continue
        contact = " · ".join(evidence.contact.values())
        zh, en = (f"（{contact}）", f" ({contact})") if contact else ("", "")
        title, holder = catalogue.feeds[evidence.feed].title, catalogue.units[evidence.unit].title
        en = f"→ {name.en}: needs {title.en}, held by the {holder.en}{en}"
        lines.append(Text(f"→ {name.zh}：需要“{title.zh}”，由{holder.zh}掌握{zh}", en))
    for check in explanation.checklist:
        name = names.get(check) or Text(check, check)
        lines.append(Text(f"→ 须人工核实：{name.zh}", f"→ to be asked: {name.en}"))
    return lines


def until_text(day: date | None) -> Text:
    """Until when the verdict holds without new records."""
    if day is None:
        return Text("没有新记录就不会变。", "Without new records this will not change.")
    return Text(f"即使没有新记录，{day} 也可能变。", f"Even without new records this may change on {day}.")
