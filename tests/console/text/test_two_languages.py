"""Chinese output has no English and no codes where there are titles; English output has no Chinese except from data.

The tests read the help of every verb, and its output for a small town. The sets below list the words that are allowed, with the reason.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli.reference import verbs
from infra.workspace.library import library_catalogue
from policies.checking.checker import check
from policies.language.tree import nodes
from policies.yaml.document import load
from streams.ledgers.outcomes import TITLES
from tests.console.command import command_tree
from tests.console.conftest import Run

LATIN = re.compile(r"(?<![\w./@#-])[A-Za-z][A-Za-z_'-]*")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
LIBRARY = Path(__file__).parents[3] / "policies" / "library"
PRODUCTS = {
    "Kafka",
    "Apache",
    "DuckDB",
    "Java",
    "Maven",
    "AsyncAPI",
    "CloudEvents",
    "JSON",
    "YAML",
    "Schema",
    "broker",
    "huimin",
    "MB",
    "GB",
}
"""Names of programs and formats, and units of size."""
TYPED = {
    *TITLES, "zh", "en", "yes", "no", "day", "week", "month", "cooperating", "member", "person", "household", "dwelling",
    "policy", "cases", "feed", "units", "coverage", "ways-in", "eligible", "to_check", "needs_evidence", "key", "list", "confirmed", "refuted", "none", "never", "nobody", "clerk", "officer", "open", "research", "duckdb", "parquet", "Parquet",
}  # fmt: skip
"""Values that a person types."""
MATHS = {"x", "P", "s"}
"""Letters of number ranges, of periods in documents, and of seconds."""


def help_texts(language: str) -> Iterator[tuple[str, str]]:
    """Every verb with its help, without the examples, for these contain names and reasons."""
    tree = command_tree(language)
    for name in ["huimin", *(name for name, _ in verbs(tree))]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
            tree.main([*name.split()[1:], "--help"], prog_name="huimin")
        yield name, "\n".join(line for line in out.getvalue().split("\n") if not line.strip().startswith("huimin "))


def latin(text: str) -> set[str]:
    """The words in Latin letters, without placeholders, options, paths, files and tokens."""
    words = (match[0] for match in LATIN.finditer(re.sub(r"--[\w-]+|\S*[/.]\w\S*|\b[0-9a-f]{16}\b", " ", text)))
    return {word for word in words if not word.isupper()}


def test_help_is_in_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """So are usage lines, defaults, marks of required options, and types."""
    monkeypatch.setenv("COLUMNS", "200")
    named = {word for name, _ in verbs(command_tree("en")) for word in name.split()}
    for name, text in help_texts("zh"):
        lines = [line for line in text.split("\n") if not line.strip().startswith("用法：")]
        columns = {
            "exports",
            "subject",
            "into",
            "on",
            "criterion",
            "outcome",
            "snapshots",
            "putuo",
            "putuo-psb",
            "none",
        }  # of a file; a folder, an id
        assert latin("\n".join(lines)) - PRODUCTS - TYPED - MATHS - named - columns == set(), name
    for name, text in help_texts("en"):
        assert CHINESE.findall(text) == [], name


def ids(name: str) -> set[str]:
    """The words of a library policy that a person types: ids of criteria, names of parameters, its purpose."""
    policy = check(load((LIBRARY / "policies" / f"{name}.yaml").read_text(encoding="utf-8"), name), library_catalogue()).policy
    assert policy is not None
    names = [node.meta.id.partition(".")[0] for node in nodes(policy.criteria)] + [*policy.params, policy.purpose]
    return {word for name in names for word in LATIN.findall(name)}


POLICIES = {path.stem for path in (LIBRARY / "policies").glob("*.yaml")}
FEEDS = library_catalogue().feeds
PURPOSES = {purpose for feed in FEEDS.values() for purpose in feed.agreement.purposes}
TOWN = "elderly-uninsured"
DISTRICT_DRAFT, GRANT = (f"{LIBRARY}/policies/{name}.yaml" for name in ("dibao", "relocation-hardship"))
VERBS: list[tuple[list[str], set[str]]] = [
    (["doctor"], {"Python", "numpy", "numba", "polars", "duckdb", "pydantic", "typer", "rich"}),
    (["unit", "list"], set(library_catalogue().units)),
    (["feed", "list"], set(FEEDS)),
    (["feed", "show", "hukou"], {*FEEDS["hukou"].fields, *PURPOSES, "hukou"}),
    (["feed", "show", "disability"], {*FEEDS["disability"].fields, *PURPOSES, "disability"}),
    (["feed", "quarantine"], set()),
    (["feed", "coverage"], {f"s-{feed}" for feed in FEEDS}),
    (["policy", "list"], POLICIES),
    (["policy", "show", TOWN], {TOWN, *ids(TOWN)}),
    (["policy", "show", GRANT], {"relocation-hardship", "L", *ids("relocation-hardship")}),
    (["policy", "check", DISTRICT_DRAFT], set()),
    (["policy", "needs", DISTRICT_DRAFT], set()),
    (["policy", "preview", GRANT], {"L", *ids("relocation-hardship")}),
    (["policy", "history", TOWN], {TOWN}),
    (["policy", "schema"], TYPED),
    (["candidates", "list", TOWN], set()),
    (["candidates", "export", TOWN, "--outcome", "none", "--changes-since", "1"], {TOWN, "xlsx", "exports", "none"}),
    (["candidates", "ack", TOWN, "--file", f"FOLDER/exports/{TOWN}-2026-10-15-none.xlsx", "--by", "王芳"], set()),
    (["candidates", "ack", TOWN, "TOKEN", "not_eligible", "--criterion", "uninsured", "--by", "王芳"], set()),
    (["candidates", "ack", TOWN, "TOKEN", "gone", "--by", "王芳"], set()),
    (["candidates", "outcomes", TOWN], set()),
    (["candidates", "corrections"], {f"s-{feed}" for feed in FEEDS}),
    (["explain", TOWN, "TOKEN"], {"T", "F", "U", *(f"s-{feed}" for feed in FEEDS)}),
    (["explain", TOWN, "zz"], {"candidates", "list"}),
    (["forecast", TOWN, "--days", "400"], set()),
    (["holds", "list"], set()),
    (["edition", "cut", TOWN], set()),
    (["edition", "list", TOWN], set()),
    (["edition", "show", TOWN, "1"], set()),
    (["identity", "list"], set()),
    (["erase", "list"], set()),
    (["snapshot", "list"], set()),
    (["policy", "withdraw", TOWN, "--by", "王芳", "--approved-by", "李强", "--reason", "停办", "--yes"], set()),
    (["policy", "history", TOWN], {TOWN}),
]  # fmt: skip
"""The words of a command line, and the ids that its output may name, for a person will type them."""
DATA = re.compile(r"第[\w（）()]+|名单范围|发放对象|附件\w*|王芳|李强|停办|示例路\d+号|周一至周五")
"""Chinese from data that stays in English output: articles, names of people, a reason, an address."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_verbs_speak_one_language(language: str, run: Run, town: Path) -> None:
    """All output about the small town is in the reader's language, with titles instead of codes."""
    listed = run("candidates", "list", TOWN, "--json").stdout
    token = re.findall(r"\b[0-9a-f]{16}\b", listed)[0]
    odd = {}
    for words, allowed in VERBS:
        result = run(*(word.replace("TOKEN", token).replace("FOLDER", str(town / "w")) for word in words), "--lang", language)
        if language == "zh":
            left = latin(result.output) - PRODUCTS - MATHS - allowed
        else:
            left = set(CHINESE.findall(DATA.sub(" ", result.output)))
        if left:
            odd[" ".join(words)] = left

    assert odd == {}


TOOLS = {
    "apt", "install", "mvn", "maven", "openjdk-", "pip", "uv", "chmod", "make", "bench", "benchmarks", "Debian", "Ubuntu", "kafka-", "id",
    "Authorization", "X-CSRF-Token", "Idempotency-Key", "Upload-Offset", "http", "https",
    "AlterConfigs", "CatalogueSet", "Excel", "Word", "Unicode", "cd", "csv", "jsonl", "xlsx",
}  # fmt: skip
"""Programs that a person runs, file formats, headers and schemes of requests, and names of messages and rights in other programs."""
CELLS = re.compile("2026年10月1日|是 or 否")
"""Forms of a cell in a file."""
WRITTEN = {
    "absence", "closed", "open", "deleted", "label", "max", "min", "max_unplaced", "no_record", "op", "over", "some", "scale", "schema",
    "values", "true", "false", "none", "release", "reject", "policies", "delivery", "format", "auto", "tab",
}  # fmt: skip
"""Keys and values that a sentence asks a person to write into a document."""


def sentences() -> Iterator[tuple[str, str, str]]:
    """Every pair of texts in the code: its place, its Chinese half, its English half; filled-in values are left out."""
    root = Path(__file__).parents[3]
    for path in (
        path for folder in ("policies", "matchers", "streams", "connectors", "infra", "console") for path in (root / folder).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text" and len(node.args) == 2:
                zh, en = (_literal_parts(part) for part in node.args)
                yield f"{path.relative_to(root)}:{node.lineno}", zh, en


def _literal_parts(node: ast.expr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return " ".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "" for part in parts)


def test_every_pair_of_texts_keeps_its_language() -> None:
    """All sentences in the code, also those that no verb above prints."""
    typed = {word for name, _ in verbs(command_tree("en")) for word in name.split()}
    mixed = [
        (place, left) for place, zh, _ in sentences() if CHINESE.search(zh)
        if (left := latin(re.sub(r"`[^`]*`|\{\w+\}|huimin [^；。，）]*", " ", zh)) - PRODUCTS - TYPED - MATHS - TOOLS - WRITTEN - typed)
    ]  # fmt: skip
    backwards = [(place, CHINESE.findall(en)) for place, _, en in sentences() if CHINESE.search(CELLS.sub("", en))]

    assert mixed == []
    assert backwards == []
