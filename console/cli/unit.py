"""Verbs about units: add, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from console.text.words import place
from policies.values import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.units import ListedUnit

Id = Annotated[str, typer.Argument(metavar="ID", help=both("单位代号，如 putuo-psb", "the unit's id, such as putuo-psb"))]
Kind = Annotated[str, typer.Option(help=both("cooperating 协作单位，member 成员单位", "cooperating or member"))]
Division = Annotated[str, typer.Option(help=both("区划代码", "division code"))]
Zh = Annotated[str, typer.Option("--zh", help=both("中文名称", "name in Chinese"))]
En = Annotated[str, typer.Option("--en", help=both("英文名称", "name in English"))]
Phone = Annotated[str | None, typer.Option(help=both("电话", "phone"))]
Address = Annotated[str | None, typer.Option(help=both("地址", "address"))]
Hours = Annotated[str | None, typer.Option(help=both("办公时间", "opening hours"))]
UNIT_KINDS = {"cooperating": Text("协作", "cooperating"), "member": Text("成员", "member")}


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("单位：谁参加这个网络。", "Units: who takes part in the network."))
    app.command(
        "add",
        help=verb(
            "登记一个单位。",
            "Add a unit.",
            "huimin unit add putuo-psb --kind member --division 310107 --zh 普陀公安分局人口办 --en 'Putuo police'",
        ),
    )(add)
    app.command("list", help=verb("列出单位。", "List the units.", "huimin unit list --lang en"))(show)
    return app


def add(
    context: typer.Context, unit: Id, zh: Zh, en: En, division: Division, kind: Kind = "member",
    phone: Phone = None, address: Address = None, hours: Hours = None,
) -> None:  # fmt: skip
    from services.units import add_unit

    session = session_of(context)
    contact = {name: text for name, text in (("phone", phone), ("address", address), ("hours", hours)) if text}
    added = add_unit(session.workspace(), unit, kind, division, zh, en, contact)
    if not session.print_json(added):
        session.say(Text(f"已登记单位 {unit}", f"Added the unit {unit}"))


def show(context: typer.Context) -> None:
    from services.lookup import division_names
    from services.units import ListedUnit, units

    session = session_of(context)
    listing = units(session.workspace())
    if session.print_json(listing, list[ListedUnit]):
        return
    places = division_names(session.workspace)
    columns = [Text("代号", "id"), Text("名称", "name"), Text("类别", "kind"), Text("区划", "division"), Text("联系方式", "contact")]
    session.table(None, columns, (_row(unit, places, session.language) for unit in listing))


def _row(unit: ListedUnit, places: Mapping[str, Text], language: str) -> list[str]:
    kind = UNIT_KINDS[unit.kind][language]
    return [unit.id, unit.title[language], kind, place(unit.division, places, language), " · ".join(unit.contact.values())]
