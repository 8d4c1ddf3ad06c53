"""``huimin erase``: by token or by number from the input; the answers about an erased person; mistakes that repeat no number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.console.cli.test_identity_verbs import POLICY, TwoPersons, two
from tests.console.command import run_command
from tests.console.conftest import Run

__all__ = ["two"]
PEOPLE = ("--by", "王芳", "--approved-by", "李强", "--reason", "R1")
DAY = "2026-10-15"


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def by_number(number: str, *words: str) -> Any:
    """Run ``huimin erase person -`` with the number on its input."""
    return run_command("erase", "person", "-", *PEOPLE, *words, input=number + "\n")


def test_a_person_is_erased_by_number_and_said_to_be(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """Explanations of now and of the past say that the person is erased; lists of the past leave them out, and count them."""
    last = data(run("edition", "cut", POLICY, "--json"))["offset"]
    before = [row["subject"] for row in data(run("candidates", "list", POLICY, "--json"))]

    erasure = data(by_number(two.listed, "--yes", "--json"))
    again = by_number(two.listed, "--yes", "--lang", "en")

    now = [row["subject"] for row in data(run("candidates", "list", POLICY, "--json"))]
    (token,) = set(before) - set(now)
    assert erasure["erased"] == DAY and list(erasure["lists"]) == [POLICY] and erasure["editions"] == {POLICY: 1}
    assert "Erased on 2026-10-15 already" in again.output
    for words in ((), ("--known-at", f"#{last}"), ("--as-of", "2026-10-20")):
        assert data(run("explain", POLICY, token, "--json", *words)) == {"subject": token, "erased": DAY, "reason": "R1"}
    assert data(run("edition", "show", POLICY, 1, "--subject", token, "--json"))["erased"] == DAY
    past = run("candidates", "list", POLICY, "--known-at", f"#{last}", "--json", "--lang", "en")
    assert [row["subject"] for row in json.loads(past.stdout)] == now
    assert "1 persons were erased since" in past.stderr
    assert data(run("edition", "verify", POLICY, "--json"))["ok"]
    assert data(run("edition", "verify", POLICY, "--json"))["erased"] == 1
    assert "blank" in run("edition", "verify", POLICY, "--lang", "en").output
    assert [(entry["day"], entry["reason"]) for entry in data(run("erase", "list", "--json"))] == [(DAY, "R1")]
    assert run("candidates", "answer", POLICY, token, "none", "yes").exit_code in (3, 5)
    assert data(run("erase", "finish", "--json")) == {"finished": False}
    assert two.listed not in json.dumps(erasure)


def test_rows_about_somebody_erased_are_counted_when_they_come(run: Run, tmp_path: Path, two: TwoPersons) -> None:
    """The register is delivered again: the row of the erased person is counted and not stored."""
    before = data(run("candidates", "list", POLICY, "--json"))
    assert by_number(two.listed, "--yes").exit_code == 0
    again = (tmp_path / "hukou.csv").read_bytes() + b"\n"
    (tmp_path / "again.csv").write_bytes(again)

    result = run("ingest", "hukou", tmp_path / "again.csv", "--json")

    assert data(result)["deliveries"][0]["erased"] == 1
    assert len(data(run("candidates", "list", POLICY, "--json"))) == len(before) - 1


def test_the_doctor_says_that_an_erasure_is_half_done(run: Run, two: TwoPersons, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the verb to run; other verbs that write are refused until then."""
    with monkeypatch.context() as patch:
        patch.setattr("streams.store.log.Log.pack", lambda log: (_ for _ in ()).throw(OSError(5, "the disk went away")))
        assert by_number(two.listed, "--yes").exit_code == 1

    before = [finding["code"] for finding in json.loads(run("doctor", "--json").stdout)]
    refused = run("tick", "--to", "2026-10-16", "--lang", "en")
    finished = run("erase", "finish", "--lang", "en")
    after = [finding["code"] for finding in json.loads(run("doctor", "--json").stdout)]

    assert "erasing" in before and "erasing" not in after
    assert refused.exit_code == 5 and "huimin erase finish" in refused.output
    assert finished.exit_code == 0 and "Erased on 2026-10-15" in finished.output


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_went_is_said_in_words(run: Run, two: TwoPersons, language: str) -> None:
    """The counts by place, and the lists whose agencies must erase their copies."""
    run("candidates", "export", POLICY)

    result = by_number(two.listed, "--yes", "--lang", language)

    assert result.exit_code == 0, result.output
    assert POLICY in result.output and ".xlsx" in result.output
    assert {"zh": "请通知经办单位删除其副本", "en": "ask the agency to erase its copies"}[language] in result.output


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("nobody's-number", "--yes"), 2, "this is neither"),
        (("00000000000000aa", "--yes"), 2, "Nothing here is about such a person"),
        (("00000000000000aa",), 5, "confirm it with --yes"),
    ],
)
def test_mistakes(run: Run, two: TwoPersons, words: tuple[str, ...], code: int, expected: str) -> None:
    """The message does not repeat what was typed; nothing is erased."""
    result = run("erase", "person", *words, *PEOPLE, "--lang", "en")

    assert result.exit_code == code
    assert expected in result.output
    assert words[0] not in result.output
    assert data(run("erase", "list", "--json")) == []


def test_two_people_decide(run: Run, two: TwoPersons) -> None:
    """One person alone is refused, and the message does not repeat the number."""
    words = ["erase", "person", "-", "--by", "王芳", "--approved-by", "王芳", "--reason", "R1", "--yes", "--lang", "en"]

    result = run_command(*words, input=two.listed)

    assert result.exit_code == 5
    assert two.listed not in result.output
