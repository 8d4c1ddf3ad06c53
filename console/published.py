"""Verbs that show policies: list, show, schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from console.i18n import both, verb
from console.lookup import catalogue_for, policy_named
from console.session import of
from policies.lifecycle import WORDS, Life
from policies.problems import HuiminError, meant
from policies.values import Text

NameOrFile = Annotated[
    str, typer.Argument(metavar="POLICY|FILE", help=both("已发布政策的代号，或文件", "a published policy's name, or a file"))
]
Schema = Annotated[
    str | None,
    typer.Argument(
        metavar="[KIND]",
        help=both("policy、cases、feed、units、coverage；不给则列出", "policy, cases, feed, units, coverage; without it, lists them"),
    ),
]
Into = Annotated[Path | None, typer.Option("--out", metavar="DIR", help=both("全部写入这个目录", "write all of them into this folder"))]


def add(app: typer.Typer) -> None:
    for name, function, text in (
        ("list", show_all, verb("列出已发布的政策和草案。", "List published policies and drafts.", "huimin policy list")),
        ("show", show, verb("把政策画成条件树。", "Show a policy as a tree of criteria.", "huimin policy show policies/dibao.yaml")),
        (
            "schema",
            schema,
            verb("各种文件的 JSON Schema，供编辑器补全。", "JSON Schemas of every file, for editors.", "huimin policy schema policy"),
        ),
    ):
        app.command(name, help=text)(function)


def show_all(context: typer.Context) -> None:
    from infra.reading import published

    session = of(context)
    workspace = session.workspace()
    rows = published(workspace)
    drafts = [path for path in sorted(workspace.folder("policies").glob("*.yaml")) if path.stem not in {row["policy"] for row in rows}]
    listed = rows + [{"policy": p.stem, "version": None, "state": Life.DRAFT, "title": None, "file": f"policies/{p.name}"} for p in drafts]
    if session.data(listed):
        return
    columns = [
        Text("政策", "policy"),
        Text("版本", "version"),
        Text("状态", "state"),
        Text("名称", "title"),
        Text("施行", "in force"),
        Text("发布/批准", "by / approved"),
    ]
    session.table(None, columns, (_row(row, session.language) for row in listed), right=(1,), whole=(4,))


def _row(row: dict[str, Any], language: str) -> list[str]:
    title = row["title"][language] if row.get("title") else row.get("file", "")
    span = _span(row["from"], row["to"])[language] if row.get("from") else ""
    people = f"{row['by']}/{row['approved_by']}" if row.get("by") else ""
    return [row["policy"], str(row["version"] or ""), WORDS[row["state"]][language], title, span, people]


def _span(first: object, last: object) -> Text:
    """The days in force, each day whole on its line."""
    return Text(f"{first} 至\n{last}", f"{first} to\n{last}") if last else Text(f"{first} 起", f"from {first}")


def show(context: typer.Context, name: NameOrFile) -> None:
    from console.rules import drawn, tested, walk

    session = of(context)
    catalogue = catalogue_for(session)
    (policy, life), language = policy_named(session, name, catalogue), session.language
    criteria = [
        {
            "id": node.meta.id,
            "cite": node.meta.cite,
            "label": node.meta.label and node.meta.label[language],
            "tests": tested(node, catalogue, language),
        }
        for node in walk(policy.criteria)
    ]
    if session.data(
        {
            "policy": policy.name,
            "version": policy.version,
            "state": life,
            "title": policy.title[language],
            "digest": policy.digest,
            "criteria": criteria,
        }
    ):
        return
    session.say(
        Text(f"{policy.title.zh}（{policy.name} 第 {policy.version} 版）", f"{policy.title.en} ({policy.name} version {policy.version})"),
        "bold",
    )
    agency = catalogue.units[policy.agency].title[language] if policy.agency in catalogue.units else policy.agency
    span = _span(policy.effective_from, policy.effective_to)
    zh, en = span.zh.replace("\n", " "), span.en.replace("\n", " ")
    state = Text("", "") if life is None else Text(f" · {WORDS[life].zh}", f" · {WORDS[life].en}")
    session.say(
        Text(
            f"执行 {agency} · 范围 {policy.scope} · 施行 {zh}{state.zh}",
            f"for {agency} · scope {policy.scope} · in force {en}{state.en}",
        )
    )
    session.console().print(drawn(policy.criteria, catalogue, language))


def schema(context: typer.Context, kind: Schema = None, out: Into = None) -> None:
    from console.schemas import schemas

    session = of(context)
    known = schemas()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, body in known.items():
            (out / f"{name}.schema.json").write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        session.say(Text(f"已写入 {len(known)} 份到 {out}", f"Wrote {len(known)} schemas to {out}"))
    elif kind is None:
        if not session.data(sorted(known)):
            session.say(Text("、".join(sorted(known)), ", ".join(sorted(known))))
    elif kind not in known:
        near = meant(kind, known)
        raise HuiminError(Text(f"没有“{kind}”的 schema。{near.zh}", f"There is no schema {kind!r}.{near.en}"), 2)
    else:
        typer.echo(json.dumps(known[kind], ensure_ascii=False, indent=2))
