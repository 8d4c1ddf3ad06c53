"""What agencies found, as people read it: candidates outcomes, candidates corrections, and the sentences other verbs say of it.

The one idea: a finding is told with what came of it: until when it keeps somebody off the list, or why it does not any more.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both, verb
from console.session import Session, of
from console.words import OUTCOMES, number, outcomes, token
from policies.problems import HuiminError, listed
from policies.values import Text

if TYPE_CHECKING:
    from infra.outcomes import Requested, Tally
    from streams.outcomes import Finding, Rate
    from streams.registry import Registry
    from streams.state import State

BAR = 10
"""Characters of a bar that stands for all."""
REQUEST = [
    Text("编号", "number"), Text("政策", "policy"), Text("条件", "criterion"), Text("单位", "unit"), Text("数据源", "feed"),
    Text("批次", "delivery"), Text("行", "row"), Text("自", "since"), Text("状态", "state"),
]  # fmt: skip
OPEN, REPLACED, CLOSED = Text("待更正", "open"), Text("本条已更新", "this record was replaced"), Text("已关闭", "closed")

Policy = Annotated[str | None, typer.Argument(metavar="[POLICY]", help=both("政策代号；不写则全部", "the policy's name; all without it"))]
Unit = Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=both("只看这个单位掌握的记录", "only records this unit holds"))]
Open = Annotated[bool, typer.Option("--open", help=both("只看还没有更正的", "only those still open"))]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help=both(
            "写成 CSV；不写 --unit 时每个单位一份（文件名加单位代号）", "write CSV; without --unit one a unit (its id in the file's name)"
        ),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "outcomes",
        help=verb(
            "各政策的反馈：每种多少、名单说中了多少（按条件、按单位）、现有多少因此不在名单上。",
            "What agencies found, by policy: how often, how often the list was right (by criterion and unit), how many are kept off now.",
            "huimin candidates outcomes",
            "huimin candidates outcomes elderly-uninsured --json",
        ),
    )(show_outcomes)
    app.command(
        "corrections",
        help=verb(
            "更正请求：反馈说某条件有误时，它所依据的记录请掌握的单位核对。那些记录都不再有效即告关闭。",
            "Correction requests: the records a refuted criterion rested on, for the units that hold them. Closed when none is in force.",
            "huimin candidates corrections --open",
            "huimin candidates corrections elderly-uninsured --unit putuo-medical-insurance --out corrections.csv",
        ),
    )(corrections)


def show_outcomes(context: typer.Context, policy: Policy = None) -> None:
    from console.changes import titled
    from infra.outcomes import tallies

    session = of(context)
    with session.workspace().reading() as host:
        state = host.state
        _published(state, policy)
        found = tallies(state, policy)
        titles = titled([one.policy for one in found], state.registry, session.language)
        if session.data([_tally_data(one) for one in found]):
            return
        if not found:
            session.say(Text("还没有反馈。", "No outcome was reported yet."))
            return
        for one in found:
            _say_tally(session, one, titles[one.policy], state)


def _say_tally(session: Session, one: Tally, title: str, state: State) -> None:
    language = session.language
    session.say(Text(title, title), "bold")
    said = outcomes(one.outcomes, language)
    session.say(Text(said or "还没有反馈。", said or "No outcome was reported yet."))
    names = {unit: state.catalogue.units[unit].title[language] for unit in one.by_unit}
    lines = [(Text("名单", "the list"), "", one.rate)]
    lines += [
        (Text("条件", "criterion"), criterion_title(state.registry, one.policy, id)[language], r) for id, r in one.by_criterion.items()
    ]
    lines += [(Text("单位", "unit"), names[unit], r) for unit, r in one.by_unit.items()]
    columns = [Text("", ""), Text("", ""), Text("说中", "right"), Text("有误", "wrong"), Text("说中率", "hit rate")]
    session.table(
        None, columns, ([what[language], name, number(r.right), number(r.wrong), _bar(r)] for what, name, r in lines), right=(2, 3)
    )
    if one.kept_off:
        zh = f"现有 {number(one.kept_off)} 个因反馈不在名单上，最早 {one.next_back} 恢复（证据有变则提前）。"
        en = f"Kept off now: {number(one.kept_off)}; the next comes back on {one.next_back}, or earlier when the evidence changes."
        session.say(Text(zh, en))


def _bar(rate: Rate) -> str:
    """A share as a bar with its percentage; a dash where nothing is known."""
    if rate.hit is None:
        return "—"
    full = round(rate.hit * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {rate.hit:.0%}"


def _tally_data(one: Tally) -> dict[str, Any]:
    return {
        "policy": one.policy, "outcomes": {word: one.outcomes[word] for word in OUTCOMES if one.outcomes[word]}, **_rate_data(one.rate),
        "criteria": [{"criterion": id, **_rate_data(r)} for id, r in one.by_criterion.items()],
        "units": [{"unit": unit, **_rate_data(r)} for unit, r in one.by_unit.items()],
        "kept_off": one.kept_off, "next_back": one.next_back,
    }  # fmt: skip


def _rate_data(rate: Rate) -> dict[str, Any]:
    return {"right": rate.right, "wrong": rate.wrong, "hit_rate": None if rate.hit is None else round(rate.hit, 4)}


def corrections(context: typer.Context, policy: Policy = None, unit: Unit = None, only: Open = False, out: Out = None) -> None:
    from infra.outcomes import corrections as requested

    session = of(context)
    if out is not None and out.suffix != ".csv":
        raise HuiminError(Text(f"{out.name}：更正请求只写成 .csv。", f"{out.name}: correction requests are written as .csv."), 2)
    with session.workspace().reading() as host:
        state = host.state
        _published(state, policy)
        if unit is not None and unit not in state.catalogue.units:
            raise HuiminError(Text("没有这个单位；用 huimin unit list 查看。", "There is no such unit; see huimin unit list."), 2)
        found = [one for one in requested(state, policy, unit) if one.open or not only]
        files = [] if out is None else _written(session, out, found, unit, state)
    if session.data([_request_data(one, state.registry) for one in found]):
        return
    if not found:
        session.say(Text("没有更正请求。", "There are no correction requests."))
    elif out is None:
        session.table(None, REQUEST, (_request_row(one, state, session.language) for one in found), right=(5, 6))
        requests = {one.finding.offset: one.open for one in found}
        counts = number(sum(requests.values())), number(len(requests))
        session.say(Text(f"{counts[1]} 件，其中 {counts[0]} 件待更正。", f"Requests: {counts[1]}; open: {counts[0]}."), "bold")
    for file in files:
        session.say(Text(f"已写出 {file}", f"Wrote {file}"))


def _written(session: Session, out: Path, found: list[Requested], unit: str | None, state: State) -> list[Path]:
    """One file, or one for each unit; nobody is named in them."""
    from connectors.exports import Sheet, write_csv

    language, files = session.language, []
    for holder in sorted({one.unit for one in found}):
        path = out if unit is not None else out.with_name(f"{out.stem}-{holder}{out.suffix}")
        rows = [tuple(_request_row(one, state, language)) for one in found if one.unit == holder]
        write_csv(path, Sheet("", tuple(column[language] for column in REQUEST), rows))
        files.append(path)
    return files


def _request_row(one: Requested, state: State, language: str) -> list[str]:
    finding = one.finding
    standing = CLOSED if not one.open else OPEN if one.stands else REPLACED
    label = criterion_title(state.registry, finding.policy, finding.criterion or "")
    criterion = f"{label[language]} ({finding.criterion})"
    return [
        str(finding.offset), finding.policy, criterion, state.catalogue.units[one.unit].title[language], one.feed, str(one.delivery),
        str(one.row), str(finding.day), standing[language],
    ]  # fmt: skip


def _request_data(one: Requested, registry: Registry) -> dict[str, Any]:
    finding = one.finding
    label = criterion_title(registry, finding.policy, finding.criterion or "")
    return {
        "number": finding.offset, "policy": finding.policy, "criterion": finding.criterion, "label": {"zh": label.zh, "en": label.en},
        "unit": one.unit, "feed": one.feed, "delivery": one.delivery, "row": one.row, "since": finding.day, "in_force": one.stands,
        "open": one.open,
    }  # fmt: skip


def say_kept_off(session: Session, state: State, policy: str) -> None:
    """Below a list: how many are kept off it, by what was found."""
    from infra.outcomes import kept_off

    kept = kept_off(state, policy)
    if kept:
        count, zh, en = number(kept.total()), outcomes(kept, "zh"), outcomes(kept, "en")
        session.say(Text(f"另有 {count} 个因反馈不在名单上：{zh}。", f"Kept off by outcomes: {count} ({en})."))


def finding_text(state: State, finding: Finding) -> Text:
    """What was found of somebody, when, by whom, and what came of it."""
    from infra.outcomes import standing

    title, zh, en = OUTCOMES[finding.outcome], "", ""
    if finding.criterion is not None:
        label = criterion_title(state.registry, finding.policy, finding.criterion)
        zh, en = f"（{label.zh}）", f" ({label.en})"
    match standing(state, finding):
        case "never":
            came = Text("不影响名单。", "It keeps nobody off the list.")
        case "kept":
            came = until(finding)
        case "over":
            came = Text(f"期限 {finding.until} 已到，不再影响名单。", f"Its time was over on {finding.until}: it keeps nobody off.")
        case "evidence":
            came = Text("此后证据有变，不再影响名单。", "The evidence has changed since: it keeps nobody off.")
    return Text(
        f"反馈：{finding.on} 查明“{title.zh}”{zh}，由 {finding.by} 报告。{came.zh}",
        f"Outcome: {title.en}{en}, found on {finding.on}, reported by {finding.by}. {came.en}",
    )


def until(finding: Finding) -> Text:
    """How long a finding keeps somebody off."""
    return Text(
        f"在 {finding.until} 之前不上名单；证据有变则提前恢复。",
        f"Kept off the list until {finding.until}, or until the evidence changes.",
    )


def finding_data(state: State, finding: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    from infra.outcomes import standing

    return {
        "number": finding.offset, "subject": token(finding.subject), "outcome": finding.outcome, "on": finding.on, "by": finding.by,
        "criterion": finding.criterion, "day": finding.day, "until": finding.until, "standing": standing(state, finding),
        "records": [{"feed": feed, "unit": state.catalogue.feeds[feed].sources[source].unit, "delivery": delivery, "row": row}
                    for feed, source, delivery, row in finding.records],
    }  # fmt: skip


def criterion_title(registry: Registry, policy: str, criterion: str) -> Text:
    """What a criterion is called in the newest version that has a name for it; else its id."""
    from policies.tree import Check, leaves

    for _, version in sorted(registry.versions[policy].items(), reverse=True):
        for leaf in leaves(version.policy.criteria):
            title = leaf.meta.label or (leaf.text if isinstance(leaf, Check) else None)
            if leaf.meta.id == criterion and title is not None:
                return title
    return Text(criterion, criterion)


def outcome_named(text: str) -> str:
    """The outcome a person typed.

    Raises:
        HuiminError: it is none. Does not repeat what was typed: it might be somebody's number.
    """
    from policies.problems import meant
    from streams.outcomes import named

    found = named(text)
    if found is None:
        near, words = meant(text, OUTCOMES), listed(OUTCOMES)
        raise HuiminError(Text(f"没有这种反馈；应为 {words}。{near.zh}", f"There is no such outcome; expected {words}.{near.en}"), 2)
    return found


def _published(state: State, policy: str | None) -> None:
    from console.lookup import no_policy

    if policy is not None and policy not in state.registry.versions:
        raise no_policy(policy, state.registry.versions)
