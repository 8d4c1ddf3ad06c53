"""``huimin policy history POLICY``: what became of every version, on which day, and who stood for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both, verb
from console.lookup import no_policy
from console.session import of
from policies.lifecycle import WORDS, Event, Life
from policies.values import Text

if TYPE_CHECKING:
    from datetime import date

    from policies.catalogue import Catalogue
    from streams.history import Happened

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]

COLUMNS = [
    Text("版本", "version"),
    Text("日期", "day"),
    Text("缘由", "what happened"),
    Text("此后状态", "state from then on"),
    Text("经办/批准", "by / approved"),
    Text("说明", "notes"),
]


def add(app: typer.Typer) -> None:
    app.command(
        "history",
        help=verb(
            "一份政策各版本的经过：发布、施行、接替、到期、暂停、撤销，哪一天，谁经办。",
            "What became of every version of a policy: published, in force, superseded, expired, suspended, withdrawn; when, and by whom.",
            "huimin policy history dibao",
        ),
    )(history)


def history(context: typer.Context, name: Name) -> None:
    from streams.history import history as steps

    session = of(context)
    with session.workspace().reading() as host:
        state = host.state
        if name not in state.registry.versions:
            raise no_policy(name, state.registry.versions)
        found, day, catalogue = steps(state.registry, name, state.catalogue), state.day, state.catalogue
        title = state.registry.title(name)
    if session.data([_as_data(step, day) for step in found]):
        return
    rows = (_row(step, catalogue, session.language, day) for step in found)
    session.table(Text(f"{title.zh}（{name}）", f"{title.en} ({name})"), COLUMNS, rows, right=(0,), whole=(1,))


def _as_data(step: Happened, today: date) -> dict[str, Any]:
    return {
        "version": step.version,
        "event": step.event,
        "day": step.day,
        "state": step.state,
        "to_come": step.day > today,
        "until": step.until,
        "since": step.since,
        "by": step.by or None,
        "approved_by": step.approved_by or None,
        "detail": step.detail or None,
    }


def _row(step: Happened, catalogue: Catalogue, language: str, today: date) -> list[str]:
    people = f"{step.by}/{step.approved_by}" if step.by else ""
    to_come = [Text("尚未到来", "still to come")] if step.day > today else []
    notes = "；" if language == "zh" else "; "
    return [
        str(step.version),
        step.day.isoformat(),
        WORDS[step.event][language],
        WORDS[step.state][language],
        people,
        notes.join(text[language] for text in [*_notes(step, catalogue), *to_come]),
    ]


def _notes(step: Happened, catalogue: Catalogue) -> list[Text]:
    match step.event:
        case Event.PUBLISH if step.until is not None:
            return [Text(f"{step.until} 起施行", f"in force from {step.until}")]
        case Event.SUPERSEDE if step.detail:
            return [Text(f"由第 {step.detail} 版接替", f"by version {step.detail}")]
        case Event.WITHDRAW:
            since = [Text(f"自 {step.since} 起", f"with effect from {step.since}")] if step.since is not None else []
            return [*since, *([Text(step.detail, step.detail)] if step.detail else [])]
        case _ if step.state is Life.SUSPENDED and step.detail:
            feed = catalogue.feeds[step.detail].title
            return [Text(f"数据源“{feed.zh}”", f"feed {feed.en}")]
        case _:
            return []
