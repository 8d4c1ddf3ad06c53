"""Verbs about lists: candidates list, export, answer."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import outcomes, units_kafka
from console.held import below, submitting
from console.i18n import both, verb
from console.lookup import matched
from console.moments import AsOf, KnownAt, as_of, known_at
from console.session import Session, of
from console.words import STATUSES, STILL_YES, STREETS, VERDICTS, number, street, token
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from matchers.verdicts import Candidate
    from policies.catalogue import Catalogue
    from policies.tree import Policy
    from streams.state import State

MARK = "＊"
"""Beside the status of those who are on the list whatever the missing value is."""
HELD = Text("（暂缓移出）", " (held back)")
"""Beside the status of those the rule has taken off, of whom that is not told yet."""

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Every = Annotated[bool, typer.Option("--all", help=both("也列出只计数、不上名单的待定对象", "also those unknown who are only counted"))]
Status = Annotated[
    str | None,
    typer.Option("--status", help=both("只看这一状态：eligible、to_check、needs_evidence", "only eligible, to_check or needs_evidence")),
]
Limit = Annotated[
    int,
    typer.Option(
        min=0, help=both("表中最多几行（0 为全部；--json 总是全部）", "rows in the table at most (0: all; --json always holds all)")
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help=both("写到这里；.csv 或 .xlsx（默认 exports/）", "write here, .csv or .xlsx (default: exports/)")
    ),
]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))]
Check = Annotated[str, typer.Argument(metavar="CHECK", help=both("核实项", "the check's id"))]
Answer = Annotated[str, typer.Argument(metavar="yes|no", help=both("是或否", "yes or no"))]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("名单：政策所找的人。", "Lists: the people a policy is meant for."))
    app.command(
        "list",
        help=verb(
            "列出一份政策的名单，只用化名。",
            "A policy's list, by token only.",
            "huimin candidates list elderly-uninsured",
            "huimin candidates list dibao --all --json",
            "huimin candidates list dibao --known-at 2026-10-03",
        ),
    )(show)
    app.command(
        "export",
        help=verb(
            "导出名单给执行机构：含身份列和可提供的字段。",
            "Export a list for the agency: with the identifying column and the disclosed fields.",
            "huimin candidates export elderly-uninsured --out list.xlsx",
        ),
    )(export)
    app.command(
        "answer",
        help=verb(
            "记下人工核实的结果。", "Note what was found out about a check.", "huimin candidates answer dibao 00c0ffee00c0ffee assets yes"
        ),
    )(answer)
    outcomes.add(app)
    units_kafka.add_candidates(app)
    return app


def show(
    context: typer.Context,
    policy: Name,
    every: Every = False,
    status: Status = None,
    limit: Limit = 40,
    at: AsOf = None,
    known: KnownAt = None,
) -> None:
    from console.erase import since
    from infra.evaluate import core, listed, seen
    from infra.held import held_on

    session = of(context)
    with session.workspace().reading() as host:
        moment = known_at(known)
        state = seen(host, as_of(at), moment)
        if moment is not None:
            since(session, host.state, state.offset)
        definition = matched(state, policy)
        found = [c for c in listed(state, policy, every=every) if status in (None, c.status)]
        shown = found if session.json else found[: limit or None]
        still = {c.subject for c in shown if c.status == "needs_evidence" and core(state).still_yes(policy, c.subject)}
        back = {subject: hold.id for subject, (hold, _) in held_on(state, policy).items()}
        if session.data([{**_as_data(c, state.catalogue, c.subject in still), "held": back.get(c.subject)} for c in found]):
            return
        _table(session, shown, definition, state.catalogue, still, back.keys())
        if still:
            session.say(Text(f"{MARK}：{STILL_YES.zh}", f"{MARK}: {STILL_YES.en}"))
        for text in below(state, policy):
            session.say(text, "yellow")
        _summed(session, found, limit, state)
        outcomes.say_kept_off(session, state, policy)


def _as_data(c: Candidate, catalogue: Catalogue, still: bool) -> dict[str, Any]:
    return {
        "subject": token(c.subject),
        "verdict": c.verdict,
        "status": c.status,
        "division": c.division,
        "checklist": list(c.checklist),
        "still_yes": still,
        "missing": [{"criterion": criterion, "feed": feed, "units": units(catalogue, feed)} for criterion, feed in c.missing],
    }


def units(catalogue: Catalogue, feed: str | None) -> list[str]:
    """The ids of the units that hold a feed."""
    return [] if feed is None else [source.unit for source in catalogue.feeds[feed].sources]


def _table(
    session: Session, found: Sequence[Candidate], policy: Policy, catalogue: Catalogue,
    still: Set[int] = frozenset(), back: Set[int] = frozenset(),
) -> None:  # fmt: skip
    language, labels = session.language, labelled(policy, session.language)
    rows = (
        [
            token(c.subject),
            VERDICTS[c.verdict][language],
            STATUSES[c.status][language] + (f" {MARK}" if c.subject in still else "") + (HELD[language] if c.subject in back else ""),
            street(c.division, language),
            _open_points(c, labels, catalogue, language),
        ]
        for c in found
    )
    columns = [
        Text("对象", "subject"),
        Text("判定", "verdict"),
        Text("状态", "status"),
        Text("街镇", "street"),
        Text("待核实 / 缺的证据（谁掌握）", "to check / missing evidence (who holds it)"),
    ]
    session.table(Text(policy.title.zh, policy.title.en), columns, rows)


def _open_points(c: Candidate, labels: dict[str, str], catalogue: Catalogue, language: str) -> str:
    """What is still open about a candidate, each with who holds the answer."""
    points = [Text("核实：", "ask: ")[language] + labels.get(check, check) for check in c.checklist]
    for criterion, feed in c.missing:
        held = ", ".join(catalogue.units[unit].title[language] for unit in units(catalogue, feed))
        points.append(labels.get(criterion, criterion) + (f"（{held}）" if held and language == "zh" else f" ({held})" if held else ""))
    return "；".join(points) if language == "zh" else "; ".join(points)


def labelled(policy: Policy, language: str) -> dict[str, str]:
    """What each criterion is called, by id."""
    from console.rules import walk
    from policies.tree import Check as CheckNode

    names = {}
    for node in walk(policy.criteria):
        if node.meta.label is not None:
            names[node.meta.id] = node.meta.label[language]
        elif isinstance(node, CheckNode):
            names[node.meta.id] = node.text[language]
    return names


def _summed(session: Session, found: Sequence[Candidate], limit: int, state: State) -> None:
    of_status = {status: sum(c.status == status for c in found) for status in STATUSES}
    parts_zh = "，".join(f"{STATUSES[s].zh if s else '只计数'} {number(n)}" for s, n in of_status.items() if n)
    parts_en = ", ".join(f"{number(n)} {STATUSES[s].en if s else 'only counted'}" for s, n in of_status.items() if n)
    session.say(
        Text(
            f"{state.day}：共 {number(len(found))}（{parts_zh or '无'}）",
            f"{state.day}: {number(len(found))} in all ({parts_en or 'none'})",
        ),
        "bold",
    )
    if limit and len(found) > limit:
        session.say(Text(f"只显示前 {limit} 行；--limit 0 显示全部。", f"Only the first {limit} are shown; --limit 0 shows all."), "dim")


def export(context: typer.Context, policy: Name, out: Out = None) -> None:
    from infra.exporting import export_list

    session = of(context)
    workspace = session.workspace()
    with workspace.reading() as host:
        matched(host.state, policy)
        path = out or workspace.folder("exports") / f"{policy}-{host.state.day}.csv"
        if path.suffix not in (".csv", ".xlsx"):
            raise HuiminError(Text(f"{path.name}：只能导出 .csv 或 .xlsx。", f"{path.name}: only .csv and .xlsx can be written."), 2)
        with session.progress(Text("导出名单", "Exporting the list")):
            rows = export_list(workspace, host, policy, path, session.language, STREETS)
    if not session.data({"file": str(path), "rows": rows}):
        session.say(
            Text(
                f"已导出 {rows} 行到 {path}。内含身份信息，只交给执行机构。",
                f"Wrote {rows} rows to {path}. They identify people: for the agency only.",
            )
        )


def answer(context: typer.Context, policy: Name, subject: Subject, check: Check, value: Answer) -> None:
    from console.changes import told
    from streams.messages import CheckAnswered

    session = of(context)
    if value not in ("yes", "no"):
        raise HuiminError(Text("请写 yes 或 no。", "Write yes or no."), 2)
    with submitting(session) as host:
        changes = host.submit(CheckAnswered(policy, subject_of(subject), check, value == "yes")).changes
        registry = host.state.registry
    told(session, changes, registry)


def subject_of(text: str) -> int:
    """The token people typed.

    Raises:
        HuiminError: not 16 hex digits. Does not repeat what was typed: it might be somebody's number.
    """
    try:
        if len(text) != 16:
            raise ValueError
        return int(text, 16)
    except ValueError:
        raise HuiminError(
            Text("对象要写 16 位十六进制化名，见 candidates list。", "Give the subject's token, 16 hex digits, from candidates list."), 2
        ) from None
