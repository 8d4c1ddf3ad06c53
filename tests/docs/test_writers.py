"""Every module writes files through ``streams.disk.files``, or is listed here with a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.modules import MODULES, name
from tests.docs.pages import ROOT

WRITERS = frozenset(
    {
        "write_text", "write_bytes", "touch", "mkdir", "makedirs", "rename", "renames", "copyfile", "copy", "copy2", "copytree", "move",
        "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "TarFile", "ZipFile", "Workbook",
        "write_parquet", "write_excel", "write_ipc", "write_ndjson", "sink_parquet", "sink_csv", "symlink_to", "hardlink_to", "tofile",
        "get_file", "put_file", "O_CREAT",
    }
)  # fmt: skip
"""Calls that make or rename a file or a folder."""
CONNECTED = frozenset({"sqlite3.connect", "duckdb.connect"})
ALLOWED = {
    ("streams/disk/files.py", "mkdir"): "here the rest goes through",
    ("streams/disk/files.py", "O_CREAT"): "likewise",
    ("streams/disk/files.py", "rename"): "likewise: a folder gets its place",
    ("streams/store/log.py", "O_CREAT"): "the database, made private before SQLite opens it",
    ("connectors/accounts/database.py", "O_CREAT"): "likewise",
    ("connectors/audit/salts.py", "O_CREAT"): "likewise",
    ("connectors/audit/log.py", "O_CREAT"): "the log, private and only appended to; a lock",
    ("connectors/audit/side_files.py", "O_CREAT"): "blocks beside the log, likewise",
    ("streams/store/sqlite_errors.py", "sqlite3.connect"): "SQLite writes whole by itself: its own journal",
    ("streams/store/checkpoints.py", "rename"): "a damaged snapshot gets another name, so that it can still be looked at",
    ("streams/network/stages.py", "rename"): "what came whole from the depot gets its place",
    ("streams/erasure/stale_replicas.py", "rename"): "a whole folder gets another name",
    ("connectors/pickup/drop_folder.py", "rename"): "a unit's own file goes into a folder beside it; nothing is written",
    ("connectors/pickup/sftp.py", "makedirs"): "on the unit's server, where its document says",
    ("connectors/pickup/sftp.py", "rename"): "likewise",
    ("connectors/kafka/depot.py", "makedirs"): "of an object store, which has no rights of files",
    ("connectors/kafka/depot.py", "get_file"): "into a file that was made private; its own digests say whether it is whole",
    ("connectors/kafka/depot.py", "put_file"): "in a folder of this machine a private file is made first, and renamed when it is whole",
    ("connectors/kafka/depot.py", "O_CREAT"): "that private file",
    ("connectors/erasure/copies.py", "ZipFile"): "read, or written in memory",
    ("connectors/parsing/archive_parts.py", "ZipFile"): "read",
    ("connectors/parsing/archive_parts.py", "copy"): "of an object in memory",
    ("connectors/identity/vault.py", "write_parquet"): "into memory, to be sealed",
    ("connectors/analysts/locked_files.py", "duckdb.connect"): "read-only",
    ("connectors/analysts/parquet.py", "write_parquet"): "into the private folder that replacing_folder gives",
    ("infra/workspace/upgrading.py", "copytree"): "a copy of the whole workspace, with its rights, in a private folder; synced, opened, then renamed",
    ("infra/workspace/upgrading.py", "copy2"): "likewise",
    ("infra/workspace/upgrading.py", "rename"): "likewise",
    ("infra/kafka/membership.py", "O_CREAT"): "a key in a new file, private and synced, never over another",
    ("infra/kafka/jars.py", "mkdir"): "the jars of Apache Kafka, which are anybody's; their folder is renamed when it is whole",
    ("infra/kafka/jars.py", "rename"): "likewise",
    ("infra/kafka/jars.py", "copyfile"): "likewise",
    ("infra/kafka/jars.py", "TemporaryDirectory"): "likewise",
    ("infra/workspace/texts.py", "TemporaryDirectory"): "the place of a text that somebody sent, private as the system makes it",
    ("infra/service/verbs.py", "open"): "the three files of whoever runs a verb",
    ("console/api/file_routes.py", "TemporaryDirectory"): "the place of a file on its way out, private as the system makes it",
    ("console/api/uploads.py", "O_CREAT"): "a file on its way in, private before its first byte; it is no file of the workspace before it is whole",
    ("console/api/uploads.py", "open"): "it grows at its end, and is synced",
    ("console/demo/tour.py", "TemporaryDirectory"): "the place of a demonstration that nobody keeps, private as the system makes it",
    ("console/cli/ending.py", "open"): "the device that takes everything, where there is no stderr",
    ("console/cli/reference.py", "write_text"): "docs/cli.md, by whoever works on the program",
    ("console/text/roles.py", "write_text"): "docs/en/roles.md and docs/zh/roles.md, likewise",
    ("console/api/description.py", "write_text"): "docs/openapi.json, likewise",
    ("console/cli/results.py", "write_text"): "docs/schemas, likewise",
}  # fmt: skip
"""By module and call, why the call may stand there."""


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Every call that writes by itself, with its line; without calls that write to the path of ``replacing`` or ``replacing_folder``."""

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[str, int]]:
        inside = inside or (
            isinstance(node, ast.With) and any(_callee(item.context_expr) in ("replacing", "replacing_folder") for item in node.items)
        )
        if isinstance(node, ast.Call) and not inside and (call := _writes(node)):
            yield call, node.lineno
        if isinstance(node, ast.Attribute) and node.attr == "O_CREAT":
            yield "O_CREAT", node.lineno
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


def _callee(node: ast.expr) -> str:
    """The last word of the function that is called."""
    match node:
        case ast.Call(func=ast.Attribute(attr=word)) | ast.Call(func=ast.Name(id=word)):
            return word
        case _:
            return ""


def _writes(node: ast.Call) -> str:
    word = _callee(node)
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and f"{node.func.value.id}.{word}" in CONNECTED:
        return f"{node.func.value.id}.{word}"
    if word == "rename" and isinstance(node.func, ast.Attribute) and isinstance(node.args[0] if node.args else None, ast.Dict):
        return ""  # columns of a frame
    first = node.args[0] if node.args else None
    if (word == "copy" and first is None) or (word == "touch" and first is not None):
        return ""  # of a value; of something else
    if word in ("write_csv", "write_json") and isinstance(node.func, ast.Attribute):
        return "" if first is None or isinstance(first, ast.Constant) or (isinstance(first, ast.Name) and first.id == "text") else word
    if word == "open":
        return word if _opens_to_write(node) else ""
    return word if word in WRITERS else ""


def _opens_to_write(node: ast.Call) -> bool:
    """Whether a file is opened to write, without the opener ``private``."""
    if any(word.arg == "opener" and isinstance(word.value, ast.Name) and word.value.id == "private" for word in node.keywords):
        return False
    modes = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
    return any(
        isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and set(argument.value) & set("wax+")
        and len(argument.value) < 4
        for argument in modes
    )


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_writes_through_one_place(path: Path) -> None:
    """Every file is written whole, private and durable by ``streams.disk.files``, unless the table has a reason."""
    unlisted = [(call, line) for call, line in calls(path) if (name(path), call) not in ALLOWED]

    assert unlisted == [], f"{name(path)} writes by itself"


def test_the_table_names_nothing_that_is_gone() -> None:
    """Every entry of the table has its call."""
    there = {(name(path), call) for path in MODULES for call, _ in calls(path)}

    assert ALLOWED.keys() - there == set()
    assert all((ROOT / module).is_file() for module, _ in ALLOWED)


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('x')", "open(path, 'w')", "path.open('ab')", "path.open(mode='x')", "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "shutil.copyfile(a, b)", "frame.write_parquet(path)", "path.mkdir()", "sqlite3.connect(path)", "xlsxwriter.Workbook(path)",
        "os.rename(a, b)", "aside.rename(path)", "gzip.open(path, 'wb')",
    ],
)  # fmt: skip
def test_a_writer_is_seen(tmp_path: Path, line: str) -> None:
    """Each writer is reported, but not inside ``replacing``."""
    (tmp_path / "a.py").write_text(f"def f():\n    {line}\n")
    (tmp_path / "b.py").write_text(f"def f():\n    with replacing(p) as path:\n        {line}\n")

    assert list(calls(tmp_path / "a.py"))
    assert list(calls(tmp_path / "b.py")) == [] or "O_CREAT" in line
