"""Why a candidate entered, left or changed on a list, in words: the event behind the line, and what it means for the candidate.

``services.exports.list_changes`` calls it for the terminal and for the sheet of changes. The words name units, feeds, versions and
criteria, never a record or a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from matchers.reading.explain import Verdict
from policies.language.catalogue import Catalogue
from policies.language.tree import Check, Leaf, Policy, leaves
from policies.values import Text
from streams.language.causes import (
    AgreementCause,
    AmendmentCause,
    AnswerCause,
    Cause,
    ContractCause,
    CoverageCause,
    DayCause,
    EngineCause,
    ErasureCause,
    EvidenceCause,
    IdentityCause,
    OutcomeCause,
    PublicationCause,
    RecordCause,
    ReleaseCause,
    WithdrawalCause,
)
from streams.ledgers.outcomes import TITLES

NOT_ELIGIBLE = Text("不再符合：{}", "no longer met: {}")
NO_VERDICT = Text("不再登记在本政策的范围内", "no longer registered within the policy's scope")
UNCERTAIN = Text("资料不足，不再能确定：{}", "no longer certain: {}")
TO_ASK = Text("待核实：{}", "to ask: {}")
LACKS = Text("缺证据：{}", "lacks evidence: {}")
MEETS = Text("符合全部条件", "meets every condition")
WITHDRAWN = Text("政策已不再施行", "the policy is no longer in force")
KEPT_OFF = Text("反馈“{}”", 'outcome "{}"')


def cause_words(cause: Cause, policy: Policy, catalogue: Catalogue) -> Text:
    """The event behind a line: which unit's delivery, which version, which day."""
    match cause:
        case RecordCause(delivery, full):
            unit, feed = _unit(delivery.unit, catalogue), _feed(delivery.feed, catalogue)
            more = Text("（全量）", " (full replacement)") if full else Text("", "")
            return Text(
                f"{unit.zh}“{feed.zh}”第 {delivery.number} 批{more.zh}",
                f'the {unit.en}, "{feed.en}", delivery {delivery.number}{more.en}',
            )
        case CoverageCause():
            return Text("单位的覆盖声明", "a unit's coverage statement")
        case PublicationCause():
            return Text("政策发布", "the policy was published")
        case AmendmentCause(version):
            return Text(f"政策修订为第 {version.number} 版", f"the policy was amended: version {version.number}")
        case WithdrawalCause():
            return Text("政策撤销或到期", "the policy was withdrawn, or its last day is over")
        case DayCause():
            return Text("日期推进", "the day came")
        case AnswerCause(check):
            name = names(policy, catalogue, [check])
            return Text(f"核实了“{name.zh}”", f'an answer to "{name.en}"')
        case AgreementCause(feed_name):
            feed = _feed(feed_name, catalogue)
            return Text(f"“{feed.zh}”的协议到期或续签", f'the agreement on "{feed.en}" ended or was renewed')
        case IdentityCause():
            return Text("身份更正", "a correction of identity")
        case OutcomeCause(outcome):
            title = TITLES[outcome]
            return Text(f"反馈“{title.zh}”", f'outcome "{title.en}"')
        case EvidenceCause(outcome):
            title = TITLES[outcome]
            return Text(f"反馈“{title.zh}”之后证据有变", f'the evidence changed since the outcome "{title.en}"')
        case ReleaseCause():
            return Text("暂缓的变动已放行", "a hold was released")
        case ErasureCause():
            return Text("有人的资料被删除", "a person was erased")
        case ContractCause():
            return Text("数据源约定变更", "a feed contract has grown")
        case EngineCause():
            return Text("系统升级", "a later version of the program")
        case _:
            assert_never(cause)


def leaver_words(cause: Cause, verdict: Verdict | None, policy: Policy, catalogue: Catalogue) -> Text:
    """Why somebody is no longer listed: an outcome, the policy's end, the criteria that are not met, or that nobody can judge.

    Args:
        verdict: of the rule now; None where the policy is not matched.
    """
    if isinstance(cause, OutcomeCause):
        return _with_words(KEPT_OFF, TITLES[cause.outcome])
    if verdict is None:
        return WITHDRAWN
    if verdict.verdict is None:
        return NO_VERDICT
    if verdict.failed:
        return _with_words(NOT_ELIGIBLE, names(policy, catalogue, verdict.failed))
    if verdict.missing:
        return _with_words(UNCERTAIN, names(policy, catalogue, (criterion for criterion, _, _ in verdict.missing)))
    return cause_words(cause, policy, catalogue)


def standing_words(checklist: Iterable[str], missing: Iterable[tuple[str, str | None]], policy: Policy, catalogue: Catalogue) -> Text:
    """What stands open about somebody who is listed."""
    parts = []
    if lacking := [criterion for criterion, _ in missing]:
        parts.append(_with_words(LACKS, names(policy, catalogue, lacking)))
    if asked := list(checklist):
        parts.append(_with_words(TO_ASK, names(policy, catalogue, asked)))
    return Text("；".join(part.zh for part in parts), "; ".join(part.en for part in parts)) if parts else MEETS


def names(policy: Policy, catalogue: Catalogue, ids: Iterable[str]) -> Text:
    """The names of criteria: labels, questions, or else what they read; each once."""
    titles = {leaf.meta.id: criterion_name(leaf, catalogue) for leaf in leaves(policy.criteria)}
    texts = dict.fromkeys(titles.get(id, Text(id, id)) for id in ids)
    return Text("、".join(text.zh for text in texts), ", ".join(text.en for text in texts))


def criterion_name(leaf: Leaf, catalogue: Catalogue) -> Text:
    """The label of a criterion, the question of a check, or else the title of what it reads."""
    if leaf.meta.label is not None:
        return leaf.meta.label
    if isinstance(leaf, Check):
        return leaf.text
    ref = getattr(leaf, "ref", None) or getattr(leaf, "addend", None)
    return _feed(leaf.path[-1].name, catalogue) if ref is None else catalogue.feeds[ref.feed].fields[ref.field].title  # type: ignore[union-attr]  # only sets read no field


def _with_words(form: Text, words: Text) -> Text:
    return Text(form.zh.format(words.zh), form.en.format(words.en))


def _unit(unit: str, catalogue: Catalogue) -> Text:
    return catalogue.units[unit].title if unit in catalogue.units else Text(unit, unit)


def _feed(feed: str, catalogue: Catalogue) -> Text:
    return catalogue.feeds[feed].title if feed in catalogue.feeds else Text(feed, feed)
