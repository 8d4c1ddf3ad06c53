"""Text from documents and people is shown escaped: it cannot move the cursor, begin a line or change the reading direction."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.cli.main import command
from console.cli.session import Session
from infra.logs import LineFormatter, traceback_text
from infra.settings import settings
from policies.problems.characters import escaped_json, escaped_text, lines
from policies.values import Text
from tests.console.conftest import RESEARCH, Run, invoke
from tests.console.town import PENSION, resident, settle_town
from tests.shared_worlds import built_once

ROOT = Path(__file__).parents[3]
LINE = "\x1b[2J\x1b]0;t\x07\r\tx\u202e\u2066\u200b\x85\x9b2J\u2028\ufeff[red]b[/red]"
"""A hostile text on one line, for titles have one line."""
LINES = f"{LINE}\nFORGED: all is well"
WAYS_IN = f"""format: 1
drop: {{quiet: PT1S}}
pull: {{pension: {{full: true, sql: {{driver: sqlite, uri: {{environment: {"X"}}}, query: {json.dumps(LINES)}}}}}}}
"""
NO_NETWORK = {"kafka", "worker", "up", "feed listen", "candidates send", "demo", "bench"}
"""Verbs that need a broker or take minutes; they print through the same modules."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small town with hostile text in every title, label, article and contact of its documents."""
    return built_once(tmp_path_factory, "hostile", _settle_hostile)


def _settle_hostile(folder: Path) -> None:
    plain = _runner(folder)

    def run(*words: Any) -> Any:
        result = plain(*words)
        if words[:1] == ("init",):
            for path in (folder / "w").rglob("*.yaml"):
                path.write_text(_spoilt(path), encoding="utf-8")
        return result

    settle_town(run, folder)


def _runner(folder: Path, language: str = "zh", **more: str) -> Run:
    env = {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "4000", "HUIMIN_LANG": language, **more}
    return lambda *words: invoke(*words, env=env)


def _spoilt(path: Path) -> str:
    """A document with hostile text behind every text that people read."""
    more = LINES if path.parent.name == "policies" else LINE
    pattern = re.compile(r"""\b(zh|en|cite|phone|address|hours|document|issuer): (?![>{])([^,}\n"']+?)(?=[,}\n])""")
    text = re.sub(r"^  note:\n(    .*\n)+", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"values: \{(?:[^{}]|\{[^{}]*\})*\}", lambda match: _spoilt_values(match[0]), text)
    return pattern.sub(lambda match: f"{match[1]}: {json.dumps(match[2].strip() + (LINE if match[1] == 'zh' else more))}", text)


def _spoilt_values(text: str) -> str:
    """The values of an enum with hostile labels and titles; the plain label is a synonym, so that files of the town are read."""
    title = r"zh: ([^,}\[]+), en: ([^,}]+)"
    return re.sub(title, lambda match: f"zh: [{json.dumps(match[1] + LINE)}, {match[1]}], en: {json.dumps(match[2] + LINE)}", text)


def verbs(folder: Path, subject: str, other: str) -> Iterator[tuple[Any, ...]]:
    """A command line for every verb, with hostile text in every value that a person may write."""
    bad, policy = folder / f"{LINES.replace('/', '')}.csv", "elderly-uninsured"
    bad.write_text(f"id_number,{json.dumps(LINE)}\n1,2\n", encoding="utf-8")
    pension_file = folder / f"broken{LINES.replace('/', '')}.csv"
    pension_file.write_bytes((PENSION + f'"P{LINE}",{resident(1)},2026-09-01,,much\n').encode("gb18030"))
    bad_document = folder / f"torn{LINES.replace('/', '')}.yaml"
    bad_document.write_text(json.dumps({"format": 1, LINES: LINES, "policy": LINES}), encoding="utf-8")
    (folder / "w/ways_in.yaml").write_text(WAYS_IN, encoding="utf-8")
    (folder / "w/drop/hukou").mkdir(parents=True)
    for place in ("w/drop", "w/drop/hukou"):
        shutil.copy(bad, folder / place / f"{LINE.replace('/', '')}.csv")
    statement = {"format": 1, "statement": LINES, "feed": LINES, "unit": LINES, LINES: 1, "complete_to": LINES}
    (folder / "s.jsonl").write_text(json.dumps(statement) + "\n", encoding="utf-8")
    shutil.copy(bad, folder / "w/snapshots" / f"{LINE.replace('/', '')}.duckdb")
    two = ("--by", f"王{LINES}", "--approved-by", f"李{LINES}", "--reason", LINES)
    draft = folder / "w/policies" / "dibao.yaml"
    yield from (
        ("doctor",), ("doctor", "--deep"), ("upgrade",), ("ingest", "hukou", bad),
        ("ingest", LINES, bad), ("ingest", "hukou", bad, "--id", LINES, "--source", LINES),
        ("ingest", "hukou", folder / LINES), ("ingest", "hukou", bad, "--dry-run"), ("tick", "--to", LINES), ("tick",),
        ("explain", policy, subject), ("explain", LINES, LINES), ("explain", policy, LINES), ("forecast", policy), ("forecast", LINES),
        ("unit", "list"), ("unit", "add", LINES, "--zh", LINES, "--en", LINES, "--division", LINES),
        ("unit", "add", "new", "--zh", f"新{LINES}", "--en", f"new{LINES}", "--division", "310107", "--phone", LINES),
        ("feed", "list"), ("feed", "show", "hukou"), ("feed", "show", LINES), ("feed", "check", bad_document), ("feed", "add", bad_document),
        ("feed", "history", "hukou"), ("feed", "try", "hukou", bad), ("feed", "try", "hukou", folder / LINES), ("feed", "coverage"),
        ("feed", "pickup"), ("feed", "pull", LINES), ("feed", "pull", "pension"), ("feed", "draft", bad), ("feed", "draft", pension_file, "--feed", LINES), ("feed", "draft", pension_file, "--sheet", LINES),
        ("feed", "coverage", folder / "s.jsonl"), ("ingest", "pension", pension_file), ("feed", "deliveries"), ("feed", "quarantine"),
        ("feed", "quarantine", "hukou", "--close", "1", "--by", LINES),
        ("policy", "check", draft), ("policy", "check", bad_document), ("policy", "needs", draft), ("policy", "needs", draft, "--letters"),
        ("policy", "test", draft), ("policy", "list"), ("policy", "show", policy), ("policy", "show", draft), ("policy", "schema", LINES),
        ("policy", "schema", "feed"), ("policy", "diff", policy, draft), ("policy", "history", policy), ("policy", "preview", draft),
        ("policy", "publish", draft, *two[:4], "--yes"), ("policy", "publish", draft, "--by", LINES, "--approved-by", LINES, "--yes"),
        ("candidates", "list", policy), ("candidates", "list", policy, "--status", LINES), ("candidates", "export", policy),
        ("candidates", "export", policy, "--street", LINES), ("candidates", "export", policy, "--assigned", LINES, "--changes-since", LINES),
        ("candidates", "answer", policy, subject, LINES, LINES), ("candidates", "outcomes", policy), ("candidates", "corrections", policy),
        ("candidates", "ack", policy, subject, LINES, "--on", LINES, "--by", LINES), ("candidates", "ack", policy, "--file", bad, "--by", LINES),
        ("candidates", "ack", policy, subject, "not_eligible", "--on", "2026-10-15", "--criterion", "local", "--by", f"张{LINES}"),
        ("candidates", "note", policy, subject, LINES, "--by", f"王{LINES}"), ("candidates", "call-again", policy, subject, LINES, "--by", LINES),
        ("candidates", "assign", policy, subject, f"李{LINES}", "--by", f"王{LINES}"), ("candidates", "history", policy, subject),
        ("candidates", "list", policy), ("candidates", "list", policy, "--assigned", LINES, "--street", LINES),
        ("candidates", "export", policy, "--assigned", f"李{LINES}", "--changes-since", "1"),
        ("candidates", "list", policy, "--street", LINES), ("candidates", "list", policy, "--outcome", LINES, "--new-since", LINES),
        ("explain", policy, subject), ("candidates", "corrections", policy), ("candidates", "outcomes", policy),
        ("candidates", "answer-request", LINES, LINES, "--by", LINES), ("candidates", "answer-request", "1", "refuted", "--by", f"王{LINES}"),
        ("candidates", "find", LINES), ("candidates", "find", LINES, "--agency", LINES), ("candidates", "visit", policy, LINES),
        ("candidates", "visit", policy, subject), ("candidates", "visit", policy, "--street", LINES),
        ("candidates", "changes", policy, "--since", LINES), ("candidates", "changes", policy, "--since", "0"),
        ("holds", "list", "--all"), ("holds", "show", LINES), ("holds", "release", LINES, *two), ("holds", "reject", LINES, *two),
        ("edition", "cut", policy), ("edition", "list", policy), ("edition", "show", policy, "1"), ("edition", "show", policy, LINES),
        ("edition", "verify", policy), ("edition", "evidence", policy, "1"),
        ("identity", "merge", "person", *two, subject, LINES), ("identity", "merge", "person", *two, subject, "00000000000000aa"),
        ("identity", "split", "person", *two, "--file", bad), ("identity", "list"),
        RESEARCH, ("snapshot", "list"), ("snapshot", "verify"), ("snapshot", "verify", bad), ("snapshot", "diff", bad, bad),
        ("erase", "person", LINES, *two, "--yes"), ("erase", "person", other, *two, "--yes"), ("erase", "finish"), ("erase", "list"),
        ("policy", "withdraw", policy, *two, "--yes"), ("policy", "history", policy), ("policy", "withdraw", LINES, *two, "--yes"),
        ("audit", "list"), ("audit", "list", "--who", LINES, "--policy", LINES), ("audit", "list", "--since", LINES), ("audit", "show", "0"),
        ("audit", "show", LINES), ("audit", "verify"), ("audit", "verify", "--checkpoint", bad), ("audit", "checkpoint"), ("audit", "proof", "0"),
        ("audit", "proof", LINES), ("audit", "person", subject), ("audit", "person", LINES),
        ("access", "table"), ("account", "list"), ("account", "add", LINES), ("account", "add", "zhou", "--title", LINES, "--grant", LINES),
        ("account", "add", "zhou", "--title", LINE, "--grant", "operator:310107"), ("account", "add", f"王{LINE}", "--grant", LINES),
        ("account", "list"), ("account", "show", "zhou"), ("account", "show", LINES), ("account", "grant", "zhou", LINES),
        ("account", "grant", LINES, "officer:31"), ("account", "revoke", "zhou", LINES), ("account", "disable", LINES), ("account", "enable", "zhou"),
        ("account", "password", LINES, "--link"), ("account", "map", "zhou", LINES), ("account", "map", LINES, LINES),
        ("account", "token", "zhou", "--for", LINES), ("account", "token", "zhou", "--for", "day.move", "--feed", LINES, "--title", LINES),
        ("account", "token", "zhou", "--revoke", LINES), ("tick", "--by", LINES), ("candidates", "list", policy),
        ("init", folder / LINES), (LINES,), ("feed", LINES), ("feed", "list", f"--{LINES}"), ("--lang", LINES, "feed", "list"),
        ("--workspace", folder / LINES, "feed", "list"), ("tick", "--days", LINES),
    )  # fmt: skip


def unseen(text: str) -> set[str]:
    """The invisible and control characters of a text, without line ends."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_verb_shows_letters_only(hostile: Path, tmp_path: Path, language: str) -> None:
    """On stdout and stderr, with any exit code; and hostile text begins no line."""
    shutil.copytree(hostile, tmp_path, dirs_exist_ok=True)
    run = _runner(tmp_path, language)
    subject, other = (row["subject"] for row in json.loads(run("candidates", "list", "elderly-uninsured", "--json").stdout)[:2])
    tried_verbs, escaped_count = set[str](), 0

    for words in verbs(tmp_path, subject, other):
        result = run(*words)
        for channel in (result.stdout, result.stderr):
            assert unseen(channel) == set(), (words, channel)
            assert not re.search(r"^\W*FORGED", channel, re.MULTILINE), (words, channel)
        assert "HUIMIN_DEBUG" not in result.output, (words, result.output)
        tried_verbs.add(" ".join(str(word) for word in words[:2] if str(word).isascii() and str(word).isprintable()))
        escaped_count += r"\x1b[2J\x1b]0;t\x07\r\tx\u202e\u2066\u200b\x85\x9b2J\u2028\ufeff[red]b[/red]" in result.output

    assert escaped_count > 42
    assert {verb for verb in _every() if verb.split()[0] not in NO_NETWORK and verb not in NO_NETWORK} - tried_verbs <= {"feed add", "init"}


def _every() -> Iterator[str]:
    def walk(of: Any, words: tuple[str, ...]) -> Iterator[str]:
        below = getattr(of, "commands", None)
        if below is None:
            yield " ".join(words)
        for name, child in (below or {}).items():
            yield from walk(child, (*words, name))

    return walk(command("en"), ())


@pytest.mark.parametrize(
    "words", [("policy", "show", "elderly-uninsured"), ("unit", "list"), ("policy", "list"), ("feed", "list"), ("doctor",)]
)
def test_json_is_the_data_and_shows_letters_only(hostile: Path, words: tuple[str, ...]) -> None:
    """A program reads the same value; control characters are JSON escapes."""
    result = _runner(hostile)(*words, "--json")

    assert unseen(result.stdout) == set()
    if words != ("doctor",):
        assert LINE in str(_texts(json.loads(result.stdout)))


def _texts(value: Any) -> str:
    match value:
        case dict():
            return "".join(_texts(part) for pair in value.items() for part in pair)
        case list():
            return "".join(map(_texts, value))
        case _:
            return str(value)


def test_problems_of_a_document_are_a_line_each(run: Run, tmp_path: Path) -> None:
    """Both where a verb prints them, and in a finding of the doctor."""
    run("init")
    (tmp_path / "w/units.yaml").write_text("format: 1\nunits: []\nmore: 1\nanother: 2\n", encoding="utf-8")

    for words in (("feed", "list"), ("doctor",)):
        problem_lines = [line for line in run(*words).output.splitlines() if "units.yaml:" in line]
        assert len(problem_lines) > 1, problem_lines
        assert not any("\\n" in line for line in problem_lines)


def test_in_colour_only_rich_speaks_to_the_terminal(hostile: Path) -> None:
    """A terminal gets the styles of the program, and no style from a title."""
    result = _runner(hostile, FORCE_COLOR="1", TERM="xterm-256color")("policy", "show", "elderly-uninsured")

    assert "\x1b[" in result.stdout  # styles are there
    assert unseen(re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)) == set()
    assert "[red]b[/red]" in result.stdout


def test_what_a_bar_stands_beside_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """The label of a progress bar may name a file or a topic: markup in it is shown as it is."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")

    session = Session(settings("w", "en", {}), False, {"COLUMNS": "200"})
    with session.progress(Text("", "Reading [/red][bold]a.csv"), 3) as advance:
        advance(3)

    assert "Reading [/red][bold]a.csv" in terminal.getvalue()


def test_a_file_name_that_is_no_text_is_shown(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are shown as codes; the program runs as a process, for click's runner cannot take such names."""
    name = os.fsencode(tmp_path) + b"/\xff\x1b[2J\n.csv"
    Path(os.fsdecode(name)).write_text("a\n", encoding="ascii")
    env = {**os.environ, "HUIMIN_LANG": "en", "PYTHONIOENCODING": "utf-8"}

    result = subprocess.run([sys.executable, "-m", "console.cli.main", "policy", "check", name], capture_output=True, check=False, env=env)

    text = (result.stdout + result.stderr).decode("utf-8")
    assert unseen(text) == set()
    assert r"\udcff\x1b[2J\n.csv" in text
    assert result.returncode in (2, 3)


def test_a_log_record_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Quoted text begins no line, and the traceback is indented below the record."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    log = logging.Logger("of\x1bnobody")  # a logger of its own, so that no other is changed
    log.addHandler(handler)

    log.warning("topic %s", LINES)
    try:
        raise ValueError(LINES)
    except ValueError as error:
        log.exception("it failed: %s", LINES)
        traceback = traceback_text(error)

    output = capsys.readouterr().err + traceback
    assert unseen(output) == set()
    records = [line for line in output.splitlines() if not line.startswith("  ")]
    assert len(records) == 2
    assert "FORGED" in output and not re.search("^FORGED", output, re.MULTILINE)


def test_every_character_nobody_sees_is_escaped() -> None:
    """By the categories of Unicode; letters of all scripts and variation selectors stay."""
    for point in range(sys.maxunicode + 1):
        is_hidden = unicodedata.category(chr(point)) in ("Cc", "Cf", "Zl", "Zp", "Cs")
        assert not is_hidden or (escaped_text(chr(point)).isascii() and escaped_text(chr(point)).isprintable()), hex(point)
    assert escaped_text("葛\U000e0100 é ñ 한국 עברית … ＝") == "葛\U000e0100 é ñ 한국 עברית … ＝"
    assert json.loads(escaped_json(json.dumps(LINES, ensure_ascii=False))) == LINES


def test_only_lines_of_ours_have_ends() -> None:
    """Line ends of ``lines`` are kept; a text formatted from it loses that mark and is one line."""
    two = lines(["a", LINES])

    assert two.count("\n") == 1
    assert escaped_text(two) is two
    assert "\n" not in escaped_text(f"{two}")
    assert escaped_text(lines([two, "b"])).count("\n") == 2


def test_nothing_is_written_past_the_funnels() -> None:
    """Only one module uses rich's texts and consoles; every other output escapes its text in the call."""
    writers = {"print", "typer.echo", "typer.secho", "typer.prompt", "sys.stdout.write", "sys.stderr.write"}
    funnels = ("escaped", "as_json", "traceback_text", "asked", "lines(")
    loose = []
    for path in (*(ROOT / "console").rglob("*.py"), ROOT / "infra/worker.py", ROOT / "infra/service/processes.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in ("rich.text", "rich.console", "rich.markup"):
                names = {name.name for name in node.names}
                if path.name != "terminal.py" and not (path.name == "session.py" and names == {"Console"}):
                    loose.append((path.name, ast.unparse(node)))
            match node:
                case ast.Call(func=func, args=[first, *_]) if ast.unparse(func) in writers:
                    if not any(funnel in ast.unparse(first) for funnel in funnels):
                        loose.append((path.name, ast.unparse(node)))

    assert loose == []
