"""``huimin edition verify`` after tampering: with a digest or an evidence file that the reader kept, it finds every change.

A person with the key of the workspace can change the store together with its chain and head. Only a digest kept elsewhere shows that, so
each change of the store here passes without the digest. Source: docs/en/semantics.md section 14, rules 4 and 6.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from infra.workspace.workspace import Workspace
from streams.language.causes import DeliveryName, RecordCause
from streams.lists.lines import Lines
from streams.store import log_chain, log_heads
from streams.store.log import FILE
from streams.wire import wire
from tests.console.cli.test_edition import POLICY, data
from tests.console.conftest import Run

Rows: TypeAlias = list[tuple[int, str | None, Lines]]
Change: TypeAlias = Callable[[Rows], Rows]


@pytest.fixture
def digests(at: Run) -> list[str]:
    """The digests of all editions, kept by a reader. In the last edition a merged subject leaves the list."""
    first, other, *_ = (candidate["subject"] for candidate in data(at("candidates", "list", POLICY, "--json")))
    assert at("identity", "merge", "person", first, other, "--by", "王芳", "--approved-by", "李强", "--reason", "证件换号").exit_code == 0
    data(at("edition", "cut", POLICY, "--json"))
    edition_digests = [edition["digest"] for edition in data(at("edition", "list", POLICY, "--json"))]
    assert len(edition_digests) > 2
    return edition_digests


def rewrite_outputs(tmp_path: Path, change: Change) -> None:
    """Change the outputs of the store, as a person with its key could."""
    workspace = Workspace.open(tmp_path / "copy")
    with closing(sqlite3.connect(workspace.folder("state") / FILE, isolation_level=None)) as log:
        there = log.execute("SELECT offset, closes, body FROM outputs ORDER BY offset")
        rows = [(offset, closes, wire.decode_changes(body)) for offset, closes, body in there]
        changed = [(offset, closes, wire.encode_changes(lines)) for offset, closes, lines in change(rows)]
        log.execute("DELETE FROM outputs")
        log.executemany("INSERT INTO outputs (offset, link, closes, body) VALUES (?, x'', ?, ?)", changed)
        log_chain.chain_anew(log, workspace.log_key())
        ends = log_chain.ends_of(log)
        log_chain.write_seal(log, ends, workspace.log_key())
    log_heads.write_head(workspace.head, ends, workspace.log_key())


def test_a_digest_that_is_held_is_found_in_the_chain(at: Run, digests: list[str]) -> None:
    """A digest of any edition is accepted: whole or shortened, in upper or lower case, and also after later messages."""
    for number, digest in enumerate(digests, 1):
        assert data(at("edition", "verify", POLICY, "--digest", digest, "--json"))["held"] == number
    assert at("tick", "--yes", "--to", "2027-06-01").exit_code == 0

    result = at("edition", "verify", POLICY, "--digest", digests[-1][:16].upper(), "--lang", "en")

    assert result.exit_code == 0
    assert f"edition {len(digests)} has the digest you hold" in result.stdout
    assert data(at("edition", "verify", POLICY, "--json"))["held"] is None


@pytest.mark.parametrize("digest", ["", "abc", "0" * 65, "z" * 64, "0" * 15])
def test_what_is_no_digest_is_told(at: Run, digest: str) -> None:
    """A wrong form is a usage error."""
    typed = at("edition", "verify", POLICY, "--digest", digest, "--lang", "en")

    assert (typed.exit_code, "16 to 64 hex digits" in typed.stderr) == (2, True)


def test_a_digest_goes_without_evidence_and_may_be_of_no_edition(at: Run, evidence_file: Path) -> None:
    """Digest and evidence together are a usage error; a digest of no edition is a problem of the list."""
    both = at("edition", "verify", POLICY, "--digest", "0" * 64, "--evidence", evidence_file, "--lang", "en")
    other = at("edition", "verify", POLICY, "--digest", "0" * 64, "--json")

    assert (both.exit_code, "goes without --evidence" in both.stderr) == (2, True)
    assert (other.exit_code, json.loads(other.stdout)["ok"], json.loads(other.stdout)["held"]) == (3, False, None)


# -- the store ---------------------------------------------------------------------------------------------------------


def selected_lines(lines: Lines, places: npt.NDArray[Any]) -> Lines:
    """The lines at these places, in their order."""
    columns = {name: getattr(lines, name)[places] for name in ("head", "open", "subject", "before", "after")}
    return replace(lines, **columns)


def ours(lines: Lines) -> npt.NDArray[np.bool_]:
    """A mask of the lines of the policy."""
    return np.array([policy == POLICY for policy, *_ in lines.heads], np.bool_)[lines.head]


def with_another_cause(rows: Rows) -> Rows:
    """Every line names another delivery as its cause."""
    cause = RecordCause(DeliveryName("hukou", "another", 1))
    return [(offset, closes, replace(lines, heads=[(*head[:3], cause) for head in lines.heads])) for offset, closes, lines in rows]


def in_reverse(rows: Rows) -> Rows:
    """The lines of every message are in reverse order."""
    return [(offset, closes, selected_lines(lines, np.arange(len(lines))[::-1])) for offset, closes, lines in rows]


def without_first_close(rows: Rows) -> Rows:
    """The first edition is not closed, so there is one edition less."""
    first = next(at for at, (_, closes, lines) in enumerate(rows) if closes in (POLICY, "*") and ours(lines).any())
    return [(offset, None if at == first else closes, lines) for at, (offset, closes, lines) in enumerate(rows)]


def without_leavers(rows: Rows) -> Rows:
    """Subjects who entered and left later have no lines at all."""
    moves = [(lines.subject[ours(lines)], lines.after[ours(lines)]) for _, _, lines in rows]
    last = {subject: after for subjects, afters in moves for subject, after in zip(subjects.tolist(), afters.tolist(), strict=True)}
    leavers = np.array([subject for subject, after in last.items() if after == 0], np.uint64)
    assert len(leavers)
    return [
        (offset, closes, selected_lines(lines, np.flatnonzero(~(ours(lines) & np.isin(lines.subject, leavers)))))
        for offset, closes, lines in rows
    ]


@pytest.mark.parametrize("change", [with_another_cause, in_reverse, without_first_close, without_leavers])
def test_a_store_that_was_changed_to_fit_itself_does_not_fit_the_digest(
    at: Run, tmp_path: Path, digests: list[str], change: Change
) -> None:
    """Causes, order, editions or subjects are changed: the sum is still the list, and only the digest shows the change."""
    rewrite_outputs(tmp_path, change)

    assert data(at("edition", "verify", POLICY, "--json"))["ok"]
    result = at("edition", "verify", POLICY, "--digest", digests[-1], "--lang", "en")
    assert result.exit_code == 3
    assert "no edition has the digest you hold" in result.stdout


def test_the_digests_from_before_the_change_are_still_there(at: Run, tmp_path: Path, digests: list[str]) -> None:
    """Earlier digests still fit, so several digests show where the change begins."""
    last = data(at("edition", "show", POLICY, len(digests), "--json"))["first"]

    rewrite_outputs(
        tmp_path, lambda rows: [*(row for row in rows if row[0] < last), *with_another_cause([row for row in rows if row[0] >= last])]
    )

    exit_codes = [at("edition", "verify", POLICY, "--digest", digest, "--json").exit_code for digest in digests]
    assert exit_codes == [0] * (len(digests) - 1) + [3]


def test_a_list_that_was_changed_is_not_the_sum(at: Run, tmp_path: Path) -> None:
    """A candidate without a line is found without any digest."""

    def shorter(rows: Rows) -> Rows:
        listed = int(data(at("candidates", "list", POLICY, "--json"))[0]["subject"], 16)
        return [
            (offset, closes, selected_lines(lines, np.flatnonzero(~(ours(lines) & (lines.subject == listed)))))
            for offset, closes, lines in rows
        ]

    rewrite_outputs(tmp_path, shorter)

    result = at("edition", "verify", POLICY, "--lang", "en")
    assert result.exit_code == 3
    assert "their sum is not the list now" in result.stdout


def test_one_byte_of_the_lines_is_damage(at: Run, tmp_path: Path, digests: list[str]) -> None:
    """A changed byte is reported as damage, with its message."""
    (path,) = (tmp_path / "copy").rglob(FILE)
    with closing(sqlite3.connect(path, isolation_level=None)) as log:
        offset, body = log.execute("SELECT offset, body FROM outputs ORDER BY length(body) DESC").fetchone()
        log.execute("UPDATE outputs SET body = ? WHERE offset = ?", (body[:-9] + bytes([body[-9] ^ 1]) + body[-8:], offset))

    result = at("edition", "verify", POLICY, "--digest", digests[-1])

    assert (result.exit_code, f"#{offset}" in result.output) == (3, True)
    assert "Traceback" not in result.output


# -- the evidence ------------------------------------------------------------------------------------------------------


def file_with_digest(lines: list[dict[str, Any]]) -> bytes:
    """An evidence file with these lines and the digest that fits them."""
    body = b"".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for line in lines)
    return body + json.dumps({"sha256": sha256(body).hexdigest()}, separators=(",", ":")).encode() + b"\n"


@pytest.fixture
def evidence_file(at: Run, tmp_path: Path) -> Path:
    """The evidence of the first edition."""
    path = tmp_path / "e.jsonl"
    data(at("edition", "evidence", POLICY, 1, "--out", path, "--json"))
    assert file_with_digest(read(path)) == path.read_bytes()
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of an evidence file, without its digest."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:-1]]


def spoilt(lines: list[dict[str, Any]], how: str) -> list[dict[str, Any]]:
    """The lines with one change."""
    head, first, second, *rest = lines
    leaf, *leaves = first["criteria"]
    match how:
        case "status":
            first = {**first, "status": "nobody knows"}
        case "dropped":
            return [{**head, "candidates": len(lines) - 2}, first, *rest]
        case "dropped, not counted":
            return [head, first, *rest]
        case "order":
            return [head, second, first, *rest]
        case "manifest":
            head = {**head, "manifest": "0" * 64}
        case "day":
            head = {**head, "day": "2026-01-01"}
        case "truth":
            first = {**first, "criteria": [{**leaf, "truth": "F"}, *leaves]}
        case "record":
            first = {**first, "criteria": [{**leaf, "records": [{**leaf["records"][0], "row": 10**6}]}, *leaves]}
        case "disclosed":
            first = {**first, "disclosed": {**first["disclosed"], "hukou.division": "310106001"}}
        case _:
            raise AssertionError(how)
    return [head, first, second, *rest]


@pytest.mark.parametrize(
    "how", ["status", "dropped", "dropped, not counted", "order", "manifest", "day", "truth", "record", "disclosed"]
)  # fmt: skip
def test_evidence_that_was_changed_and_sealed_anew_is_refused(at: Run, evidence_file: Path, how: str) -> None:
    """A change of a candidate, of the edition or of a reason is refused, although the file's own digest fits."""
    evidence_file.write_bytes(file_with_digest(spoilt(read(evidence_file), how)))

    result = at("edition", "verify", POLICY, "--evidence", evidence_file, "--lang", "en")

    assert result.exit_code == 3
    assert "e.jsonl" in result.stderr
    assert ("line 2: the reasons" in result.stderr) == (how in ("truth", "record", "disclosed"))


def test_evidence_of_which_a_byte_or_line_differs_is_refused(at: Run, evidence_file: Path) -> None:
    """Its own digest does not fit; evidence of another list or of an unknown edition is refused, too."""
    whole = evidence_file.read_bytes()
    for body in (whole[:400] + bytes([whole[400] ^ 1]) + whole[401:], whole[: whole.rindex(b"{")], whole[len(whole) // 2 :], b""):
        evidence_file.write_bytes(body)

        result = at("edition", "verify", POLICY, "--evidence", evidence_file, "--lang", "en")

        assert (result.exit_code, "no whole evidence file" in result.stderr) == (3, True)

    evidence_file.write_bytes(whole)
    assert at("edition", "verify", "group-rental", "--evidence", evidence_file).exit_code == 3
    head, *others = read(evidence_file)
    evidence_file.write_bytes(file_with_digest([{**head, "edition": 999}, *others]))
    assert "that this list does not have" in at("edition", "verify", POLICY, "--evidence", evidence_file, "--lang", "en").stderr


def test_evidence_outlives_what_is_kept_and_that_is_said(at: Run, tmp_path: Path, evidence_file: Path) -> None:
    """After the retention the list in the file is still compared with the edition; the report says that reasons cannot be."""
    assert data(at("edition", "verify", POLICY, "--evidence", evidence_file, "--json"))["whole"]
    (tmp_path / "copy" / "retention").write_text("0", encoding="utf-8")
    assert at("tick", "--yes", "--to", "2027-06-01").exit_code == 0
    for _ in range(2):
        with Workspace.open(tmp_path / "copy").writing() as host:
            host.write_checkpoint()
        assert at("edition", "cut", POLICY).exit_code == 0
    assert at("edition", "evidence", POLICY, 1).exit_code == 2

    facts = data(at("edition", "verify", POLICY, "--evidence", evidence_file, "--json"))
    result = at("edition", "verify", POLICY, "--evidence", evidence_file, "--lang", "en")
    evidence_file.write_bytes(file_with_digest(spoilt(read(evidence_file), "status")))

    assert facts == {"edition": 1, "ok": True, "whole": False}
    assert "reasons rest on the file's own digest alone" in result.stdout
    assert at("edition", "verify", POLICY, "--evidence", evidence_file).exit_code == 3
