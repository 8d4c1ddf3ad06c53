"""``huimin candidates find``: on which lists somebody is, by name or number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import argument_or_stdin, session_of
from console.text.words import OUTCOMES, STATUSES
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.people import ListPlace

Who = Annotated[
    str,
    typer.Argument(
        metavar="NAME|NUMBER",
        help=both("姓名、电话或身份号码；- 从标准输入读", "a name, telephone or number; - reads it from stdin"),
    ),
]
Agency = Annotated[str | None, typer.Option("--agency", metavar="UNIT", help=both("只查这一单位的名单", "only the lists of this unit"))]
_COLUMNS = (Text("政策", "policy"), Text("状态", "status"), Text("名单上的对象", "on the list as"), Text("对象化名", "token"))
_KINDS = {"person": Text("本人", "the person"), "household": Text("家庭", "household"), "dwelling": Text("住房", "dwelling")}


def add(app: typer.Typer) -> None:
    app.command(
        "find",
        help=verb(
            "按姓名或号码查一个人在哪些名单上，也查暂不上名单和暂缓的。姓名只在披露它的名单上查；所写的内容不留在任何地方。",
            "On which lists somebody is, by name or number, also where suppressed or held. A name is looked for on lists that disclose it; "
            "what is typed is kept nowhere.",
            "huimin candidates find 王芳",
            "huimin candidates find - --agency putuo-civil-affairs",
        ),
    )(find)


def find(context: typer.Context, who: Who, agency: Agency = None) -> None:
    from services.lists.people import ListPlace, list_places

    session = session_of(context)
    places = list_places(session.workspace(), argument_or_stdin(who), agency)
    if session.print_json(places, tuple[ListPlace, ...]):
        return
    if not places:
        session.say(Text("这些名单上没有此人。", "Nobody of that name or number is on these lists."))
        return
    rows = [
        (place.title[session.language], _standing(place, session.language), _KINDS[place.kind][session.language], f"{place.subject:016x}")
        for place in places
    ]
    session.table(None, _COLUMNS, rows)


def _standing(place: ListPlace, language: str) -> str:
    """The status on the list, and what keeps a change of it, or the candidate, back."""
    parts = [] if place.status is None else [STATUSES[place.status][language]]
    if place.outcome is not None:
        parts.append(Text("暂不上名单：", "kept off: ")[language] + OUTCOMES[place.outcome][language])
    if place.hold is not None:
        parts.append(Text("变动暂缓：", "a change is held: ")[language] + place.hold)
    return Text("；", "; ")[language].join(parts) or Text("不在名单上", "not listed")[language]
