"""No SQL text is made from the words of a file, a person or a topic.

Values are passed as parameters. A name cannot be, so each place that writes a name into a statement is listed here, with the reason why the
name is ours. A new place fails until somebody has looked at it. Source: CWE-89.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("policies", "matchers", "streams", "connectors", "infra", "services", "console", "benchmarks")
RUN = {"execute", "executemany", "executescript", "sql", "query"}
_SQL = re.compile(
    r"\b(SELECT|INSERT INTO|INSERT OR|UPDATE \S+ SET|DELETE FROM|CREATE (TABLE|VIEW|MACRO|INDEX)|ATTACH|DETACH|COPY|EXPORT|IMPORT|PRAGMA|DROP|ALTER"
    r"|INSTALL|VACUUM|ORDER BY|WHERE)\b"
)

KNOWN = {
    (
        "connectors/analysts/snapshot.py",
        "write_snapshot",
    ): "a path of the program's own choice, its quotes doubled: ATTACH takes no parameter",
    ("connectors/analysts/snapshot.py", "_write_table"): "a name that write_snapshot holds against NAME",
    ("connectors/analysts/snapshot.py", "_write_view"): "a view of the program's own",
    (
        "connectors/analysts/snapshot.py",
        "_write_comments",
    ): "names as in _write_table; the text is a literal with its quotes doubled: COMMENT takes no parameter",
    ("connectors/analysts/snapshot.py", "_verify"): "names of DuckDB's own lists, constants of the module",
    ("connectors/analysts/locked_files.py", "text_in_duckdb"): "no statement: compared with what DuckDB tells",
    ("connectors/analysts/locked_files.py", "table_in"): "a name that verify_snapshot holds against NAME",
    ("connectors/analysts/snapshot.py", "_line_of"): "a name that verify_snapshot holds against NAME",
    ("connectors/analysts/snapshot.py", "(module)"): "no statement: the pattern of those that DuckDB tells",
    ("connectors/analysts/parquet.py", "_script"): "run by nobody here; names held against NAME, texts with their quotes doubled",
    (
        "connectors/pickup/sql.py",
        "",
    ): "the operator's own query, on a connection that can only read; names with their quotes doubled, a literal of a value of known kind",
    ("streams/store/log_chain.py", ""): "names of the log's own tables and columns, constants of the module",
    ("streams/store/log_heads.py", "_same"): "a name of the log's own tables",
    ("streams/store/log.py", "_prepare"): "one of two words, and a number, of the module",
    ("streams/store/log.py", "_insert"): "a name of the log's own tables, and as many places as there are values",
    ("streams/store/log.py", "_remove"): "a name of the log's own tables",
    ("benchmarks/sql.py", ""): "rules and tables of the benchmark's own, in memory",
    ("benchmarks/yardsticks.py", ""): "tables of the benchmark's own, in memory",
    ("streams/erasure/scrub.py", "_offsets"): "a name of the log's own tables",
    ("streams/erasure/scrub.py", "_body"): "a name of the log's own tables",
}
"""By file and function ("": any function of the file), why the text written into a statement there is ours."""


def sql_expressions(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every expression that puts SQL together, and every statement that is run without being a literal, with its function."""

    def walk(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            inner = child.name if isinstance(child, ast.FunctionDef) else function
            if _puts_together(child) or _runs_unknown(child):
                yield inner, child
            yield from walk(child, inner)

    yield from walk(tree, "(module)")


def _puts_together(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr():
            return any(isinstance(part, ast.FormattedValue) for part in node.values) and _is_sql(node)
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            return _is_sql(node)
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace" | "format_map")):
            return _is_sql(node)
    return False


def _is_sql(node: ast.AST) -> bool:
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return _SQL.search(" ".join(texts)) is not None


def _runs_unknown(node: ast.AST) -> bool:
    """Whether a call runs a statement that is neither a literal nor a name."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in RUN or not node.args:
        return False
    return not isinstance(node.args[0], ast.Constant | ast.Name)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_every_statement_that_is_put_together_is_known() -> None:
    """Every place that writes a name into a statement is in the table, and the table has no other."""
    statements = {(file, function): ast.unparse(node)[:120] for file, tree in sources() for function, node in sql_expressions(tree)}
    places = {place if place in KNOWN else (place[0], "") for place in statements}

    assert places - set(KNOWN) == set(), statements
    assert set(KNOWN) - places == set()


@pytest.mark.parametrize(
    "text",
    [
        "db.execute(f'SELECT * FROM {name}')",
        "db.execute('SELECT * FROM ' + name)",
        "db.execute('SELECT * FROM %s' % name)",
        "db.execute('SELECT * FROM {}'.format(name))",
        "query = f'DELETE FROM {name}'",
        "db.sql(made())",
        "db.execute(' '.join(['SELECT', name]))",
    ],
)
def test_the_search_finds_each_way(text: str) -> None:
    """The search sees f-strings, sums, formats and texts made by a function."""
    assert list(sql_expressions(ast.parse(text)))


def test_a_literal_with_parameters_is_none() -> None:
    """A literal with parameters is not reported."""
    assert not list(sql_expressions(ast.parse("db.execute('SELECT a FROM b WHERE c = ?', (d,))")))
