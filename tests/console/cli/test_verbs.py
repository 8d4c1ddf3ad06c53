"""Every verb has help in both languages, and docs/cli.md lists it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.i18n import EXAMPLE
from console.cli.main import global_options_first
from console.cli.reference import halves, reference, verbs
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from tests.console.command import command_tree
from tests.console.town import POLICY

VERBS = dict(verbs(command_tree("zh")))
EXPECTED = [
    "init",
    "demo",
    "doctor",
    "bench",
    "ingest",
    "tick",
    "explain",
    "unit-add",
    "unit-list",
    "feed-add",
    "feed-list",
    "feed-show",
    "feed-check",
    "feed-coverage",
    "feed-quarantine",
    "forecast",
    "policy-diff",
    "policy-history",
    "policy-check",
    "policy-needs",
    "policy-preview",
    "policy-test",
    "policy-publish",
    "policy-withdraw",
    "policy-list",
    "policy-show",
    "policy-schema",
    "candidates-list",
    "candidates-export",
    "snapshot-create",
    "snapshot-list",
    "snapshot-verify",
]


def test_every_verb_of_the_specification_is_there() -> None:
    """The command tree has all of them."""
    assert {f"huimin {name.replace('-', ' ')}" for name in EXPECTED} <= VERBS.keys()


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_shows_an_example_of_itself_in_both_languages(name: str) -> None:
    """The help of a verb ends with examples, and each of them calls this verb."""
    for language, heading in (("zh", EXAMPLE.zh), ("en", EXAMPLE.en)):
        sentence, examples = halves(dict(verbs(command_tree(language)))[name].help, heading)

        assert sentence
        assert examples
        assert all(line.startswith(name) for line in examples)


@pytest.mark.parametrize("name", VERBS)
def test_every_option_is_explained_in_both_languages(name: str) -> None:
    """Every option has a text, and no text shows the other language."""
    for language in ("zh", "en"):
        for parameter in dict(verbs(command_tree(language)))[name].params:
            assert parameter.help or "--help" in parameter.opts
            assert "\x1f" not in (parameter.help or "")


def test_the_reference_is_what_the_command_line_says() -> None:
    """docs/cli.md is up to date: python -m console.cli.reference."""
    assert Path("docs/cli.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["tick", "--json"], ["--json", "tick"]),
        (["tick", "--lang", "en", "--to", "x"], ["--lang", "en", "tick", "--to", "x"]),
        (["tick", "--workspace=w"], ["--workspace=w", "tick"]),
        (["a", "--", "--json"], ["a", "--", "--json"]),
    ],
)
def test_global_options_may_stand_anywhere(line: list[str], expected: list[str]) -> None:
    """They are moved to the front; what follows ``--`` stays in its place."""
    assert global_options_first(line) == expected


def test_a_global_option_takes_no_verb_for_its_value() -> None:
    """An option at the end of the line has no value, which is an error."""
    with pytest.raises(HuiminError, match="--lang needs a value"):
        global_options_first(["tick", "--lang"])


def test_a_verb_without_matching_imports_nothing_heavy() -> None:
    """The command tree imports no numpy, numba, polars, duckdb or ruamel."""
    code = "import sys, console.cli.main as c; c.command('zh'); print(sorted({m.split('.')[0] for m in sys.modules} & {'numpy','numba','polars','duckdb','ruamel'}))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})

    assert result.stdout.strip() == "[]"


def test_a_draft_is_checked_without_the_records(town: Path) -> None:
    """With the catalogue in a checkpoint, no contract is read again, and neither NumPy nor the kernels are loaded."""
    with Workspace.open(town / "w").writing() as host:
        host.write_checkpoint()
    heavy = "{'numpy', 'numba', 'polars', 'duckdb', 'pyarrow'}"
    code = f"""import atexit, sys
import policies.yaml.document as d, connectors.contracts.catalogue as c
read, load = [], d.load
d.load = c.load = lambda text, file: read.append(file) or load(text, file)
atexit.register(lambda: print(sorted(set(sys.modules) & {heavy}), read))
sys.argv[1:] = ["policy", "check", "w/policies/{POLICY}.yaml", "--workspace", "w"]
from console.cli.main import main
main()
"""

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}, cwd=town)

    assert result.stdout.splitlines()[-1] == f"[] ['w/policies/{POLICY}.yaml']"
