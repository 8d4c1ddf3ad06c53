"""Verbs about units: add, list."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from console.i18n import both, verb
from console.session import of
from console.words import place
from policies.values import Text

Id = Annotated[str, typer.Argument(metavar="ID", help=both("单位代号，如 putuo-psb", "the unit's id, such as putuo-psb"))]
Kind = Annotated[str, typer.Option(help=both("cooperating 协作单位，member 成员单位", "cooperating or member"))]
Division = Annotated[str, typer.Option(help=both("区划代码", "division code"))]
Zh = Annotated[str, typer.Option("--zh", help=both("中文名称", "name in Chinese"))]
En = Annotated[str, typer.Option("--en", help=both("英文名称", "name in English"))]
Phone = Annotated[str | None, typer.Option(help=both("电话", "phone"))]
Address = Annotated[str | None, typer.Option(help=both("地址", "address"))]
Hours = Annotated[str | None, typer.Option(help=both("办公时间", "opening hours"))]


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
    from connectors.contracts import read_catalogue

    session = of(context)
    workspace = session.workspace()
    units, contracts = workspace.documents()
    contact = {"phone": phone, "address": address, "hours": hours}
    longer = _with_line(units, _line(unit, kind, division, zh, en, {name: text for name, text in contact.items() if text}))
    read_catalogue(longer, contracts)
    (workspace.root / "units.yaml").write_text(longer, encoding="utf-8")
    if not session.data({"unit": unit}):
        session.say(Text(f"已登记单位 {unit}", f"Added the unit {unit}"))


def show(context: typer.Context) -> None:
    session = of(context)
    units = session.workspace().catalogue().units.values()
    if session.data(
        [
            {"id": u.id, "kind": u.kind, "division": u.division, "title": u.title[session.language], "contact": dict(u.contact)}
            for u in units
        ]
    ):
        return
    columns = [Text("代号", "id"), Text("名称", "name"), Text("类别", "kind"), Text("区划", "division"), Text("联系方式", "contact")]
    kinds = {"cooperating": Text("协作", "cooperating"), "member": Text("成员", "member")}
    session.table(
        None,
        columns,
        (
            [
                u.id,
                u.title[session.language],
                kinds[u.kind][session.language],
                place(u.division, session.language),
                " · ".join(u.contact.values()),
            ]
            for u in units
        ),
    )


def _line(unit: str, kind: str, division: str, zh: str, en: str, contact: dict[str, str]) -> str:
    """One unit as a line of units.yaml; every text quoted, so that nothing in it is YAML."""
    where = ", ".join(f"{name}: {_quoted(text)}" for name, text in contact.items())
    tail = f", contact: {{{where}}}" if where else ""
    return (
        f"{{id: {_quoted(unit)}, kind: {_quoted(kind)}, division: {_quoted(division)}, "
        f"title: {{zh: {_quoted(zh)}, en: {_quoted(en)}}}{tail}}}"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _with_line(units: str, line: str) -> str:
    """units.yaml with one more entry, its comments and order kept."""
    dashes = re.findall(r"^( *)- ", units, flags=re.MULTILINE)
    indent = dashes[-1] if dashes else "  "
    return units.rstrip("\n") + f"\n{indent}- {line}\n"
