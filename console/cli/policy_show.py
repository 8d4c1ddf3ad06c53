"""Verbs that show policies: list, show, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import as_json, session_of
from policies.language.lifecycle import WORDS
from policies.language.tree import Node, Unless, children
from policies.values import Text

if TYPE_CHECKING:
    from rich.tree import Tree

    from console.cli.terminal import EscapedText
    from console.text.clauses import Clauses
    from policies.language.tree import Policy

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
    from console.text.policies import LIST_COLUMNS, list_row
    from services.policies.versions import ListedPolicy, listed_policies

    session = session_of(context)
    policies = listed_policies(session.workspace())
    if not session.print_json(policies, list[ListedPolicy]):
        session.table(None, LIST_COLUMNS, (list_row(policy, session.language) for policy in policies), right=(1,), whole=(4,))


def show(context: typer.Context, name: NameOrFile) -> None:
    from console.text.clauses import Clauses
    from console.text.policies import policy_in_words
    from services.lookup import catalogue_for, policy_named

    session = session_of(context)
    catalogue = catalogue_for(session.settings, session.environment, session.warn_once)
    policy, state = policy_named(session.workspace, name, catalogue)
    clauses = Clauses(catalogue, session.language, policy.params)
    in_words = policy_in_words(policy, state, clauses)
    if session.print_json(in_words):
        return
    session.say(
        Text(f"{policy.title.zh}（{policy.name} 第 {policy.version} 版）", f"{policy.title.en} ({policy.name} version {policy.version})"),
        "bold",
    )
    line = " · ".join([*([] if in_words.state is None else [WORDS[in_words.state][session.language]]), *in_words.terms])
    session.say(Text(line, line))
    session.console().print(_tree(policy, clauses))


def _tree(policy: Policy, clauses: Clauses) -> Tree:
    """The rule of a version as a tree for the terminal."""
    from rich.tree import Tree

    from console.cli.terminal import EscapedText
    from console.text.criteria import EXCEPT, heading

    def line(node: Node, parent: Node | None = None) -> EscapedText:
        text = EscapedText(EXCEPT[clauses.language] if isinstance(parent, Unless) and node is parent.unless else "", style="default")
        text.append(node.meta.id, style="cyan")
        text.append(f"  {heading(node, clauses.language)}" if node.meta.label else "", style="bold")
        text.append(f"  {node.meta.cite}" if node.meta.cite else "", style="magenta")
        text.append(f"  {clauses.line(node)}", style="default" if node.meta.label is None else "dim")
        return text

    def grow(node: Node, branch: Tree) -> None:
        for child in children(node):
            grow(child, branch.add(line(child, node)))

    root = Tree(line(policy.criteria), guide_style="dim")
    grow(policy.criteria, root)
    return root


def schema(context: typer.Context, kind: Schema = None, out: Into = None) -> None:
    from services.document_schemas import document_schema, document_schemas, write_schemas

    session = session_of(context)
    if out is not None:
        schemas = write_schemas(out)
        if not session.print_json(schemas):
            session.say(Text(f"已写入 {len(schemas.files)} 份到 {out}", f"Wrote {len(schemas.files)} schemas to {out}"))
    elif kind is None:
        kinds = sorted(document_schemas())
        if not session.print_json(kinds):
            session.say(Text("、".join(kinds), ", ".join(kinds)))
    else:
        typer.echo(as_json(document_schema(kind), 2))
