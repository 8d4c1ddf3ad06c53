"""The record of access by the command line: what is recorded, what is refused without it, who may read it, and what erasing takes from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.cli.verb_actions import VERBS
from infra.settings import operator
from services.access.actions import Action
from tests.console.conftest import RESEARCH, Run
from tests.console.town import ALLOWANCE, POLICY, UNITS, data, export_list, resident, tokens, write_returned_list

BY = ("--by", "王芳", "--approved-by", "李强")


def lines(run: Run) -> list[dict[str, Any]]:
    """The record without the accesses to itself."""
    return [line for line in data(run("audit", "list", "--limit", "0", "--json")) if not line["action"].startswith("audit.")]


@pytest.fixture
def fresh(town: Path, run: Run) -> Callable[[], list[dict[str, Any]]]:
    """Gives the lines since the last call."""
    counts = [len(lines(run))]

    def since() -> list[dict[str, Any]]:
        every = lines(run)
        before, counts[0] = counts[0], len(every)
        return every[before:]

    return since


def test_every_verb_that_shows_people_is_recorded(run: Run, town: Path, fresh: Callable[[], list[dict[str, Any]]]) -> None:
    """One line or more a run, with the verb's action, its policy, purpose and agreements, and how many subjects it concerned. Verbs that show
    nobody leave none."""
    token, other, third, *_ = tokens(run)
    fresh()
    back = write_returned_list(
        town / "back.csv", [{**row, "反馈": "已联系", "反馈日期": "2026-10-15"} for row in export_list(run, town)[:2]]
    )
    assert [(line["action"], line["also"], line["count"]) for line in fresh()] == [("list.export", "identity.see", 6)]
    for verb, more, count in (
        ("explain", (POLICY, token), 1), ("candidates list", (POLICY,), 6), ("candidates list", (POLICY, "--limit", "2"), 2),
        ("candidates visit", (POLICY, token, "--out", "v.pdf"), 1), ("candidates changes", (POLICY, "--since", "2026-01-01"), 6),
        ("candidates answer", (ALLOWANCE, token, "applies", "yes"), 1), ("candidates find", (resident(1),), 2),
        ("candidates find", ("nobody at all",), 0), ("candidates note", (POLICY, token, "x", "--by", "王芳"), 1),
        ("candidates call-again", (POLICY, token, "never", "--by", "王芳"), 1), ("candidates assign", (POLICY, token, "x", "--by", "王芳"), 1),
        ("candidates history", (POLICY, token), 1), ("candidates ack", (POLICY, other, "deceased", "--by", "王芳"), 1),
        ("candidates ack", (POLICY, "--file", back), 2), ("edition cut", (POLICY,), None), ("edition show", (POLICY, "1"), 6),
        ("edition show", (POLICY, "1", "--subject", token), 1), ("edition evidence", (POLICY, "1"), 6), ("identity merge", ("person", third, token, *BY, "--reason", "r"), 2),
        ("identity list", (), 2), ("identity split", ("person", third, *BY, "--reason", "r"), 1), (" ".join(RESEARCH[:2]), RESEARCH[2:], 0),
        ("policy publish", ("w/policies/dibao.yaml", *BY, "--yes"), 0), ("policy withdraw", ("dibao", *BY, "--yes"), 0),
        ("candidates corrections", (), None), ("candidates outcomes", (), None), ("policy list", (), None), ("unit list", (), None),
        ("tick", (), None), ("forecast", (POLICY,), None), ("erase person", (third, *BY, "--reason", "r", "--yes"), 1),
    ):  # fmt: skip
        result = run(*verb.split(), *(str(town / word) if str(word).endswith((".pdf", ".yaml")) else word for word in more))
        assert result.exit_code == 0, (verb, result.output)
        recorded = fresh()
        if count is None:
            assert recorded == [], verb
            continue
        assert {line["action"] for line in recorded} == {str(VERBS[verb].action)}, verb
        assert sum(line["count"] for line in recorded) == count, (verb, recorded)
        assert {(line["who"], line["via"], line["outcome"]) for line in recorded} == {(operator(), "cli", "allowed")}
        assert all((line["policy"] is not None) is bool(line["purpose"]) is bool(line["agreements"]) for line in recorded), (verb, recorded)


def test_a_line_says_for_which_purpose_and_by_which_agreement(run: Run, town: Path) -> None:
    """Of the policy whose list it was."""
    run("candidates", "list", POLICY)

    line = lines(run)[-1]
    assert (line["policy"], line["version"], line["agency"], line["purpose"]) == (POLICY, 1, "putuo-medical-insurance", "enrolment")
    assert {"hukou", "medical_insurance", "pension"} <= set(line["agreements"]) and UNITS.keys() - {"elderly_allowance"} <= set(
        line["agreements"]
    )


@pytest.mark.parametrize("damage", ["a file in its place", "not writable", "shorter", "a link"])
def test_without_the_record_nobody_is_shown(run: Run, town: Path, damage: str) -> None:
    """The answer is refused and nothing is written; the message says why. What concerns nobody goes on."""
    token = tokens(run)[0]
    audit = town / "w" / "audit"
    match damage:
        case "a file in its place":
            shutil.rmtree(audit)
            audit.write_text("x")
        case "not writable":
            (audit / "log.jsonl").unlink()
            (audit / "log.jsonl").mkdir()
        case "shorter":
            (audit / "log.jsonl").write_text("")
        case "a link":
            shutil.move(audit, town / "elsewhere")
            audit.symlink_to(town / "elsewhere")
    history = ("candidates", "history", POLICY, token)

    for words in (
        ("candidates", "list", POLICY), ("candidates", "list", POLICY, "--json"), ("explain", POLICY, token), history, ("candidates", "find", token),
        ("candidates", "export", POLICY, "--out", town / "l.csv"), ("candidates", "visit", POLICY, "--out", town / "v.pdf"),
        ("candidates", "ack", POLICY, token, "contacted", "--by", "x"), ("candidates", "note", POLICY, token, "x", "--by", "x"),
    ):  # fmt: skip
        result = run(*words, "--lang", "en")
        assert result.exit_code == 1, (words, result.output)
        assert token not in result.stdout
        assert "Access refused" in result.output.replace("\n", " ") or damage == "a link", (words, result.output)
    assert not (town / "l.csv").exists() and not (town / "v.pdf").exists()
    if damage != "a link":
        assert run("tick").exit_code == run("policy", "list").exit_code == 0
    if damage == "a link" or audit.is_file():
        audit.unlink()
    else:
        shutil.rmtree(audit)
    assert data(run(*history, "--json"))["events"] == [], "nothing was written"


def test_a_resident_sees_who_looked_and_nobody_elses_business(run: Run, town: Path) -> None:
    """By number or token; an export with names says so; accesses to others are not there, nor how many others a list showed."""
    mine, other, *_ = tokens(run)
    run("explain", POLICY, mine)
    run("explain", POLICY, other)
    export_list(run, town)

    accesses = data(run("audit", "person", mine, "--json"))
    actions = [access["action"] for access in accesses]
    assert actions.count("candidate.explain") == 1
    assert actions.count("list.export") == 1 and all(access["identity"] for access in accesses if access["action"] == "list.export")
    assert {access["as_kind"] for access in accesses} == {"person"}
    result = run("audit", "person", mine)
    assert other not in result.output and "6" not in {word for word in result.output.split() if word.isdigit()}
    by_number = {serial: data(run("audit", "person", resident(serial), "--json")) for serial in range(6)}
    assert [access["action"] for accesses in by_number.values() for access in accesses].count("candidate.explain") == 2
    assert data(run("audit", "person", "00" * 8, "--json")) == []


def test_a_research_snapshot_concerns_every_resident(run: Run, town: Path) -> None:
    """It holds a row for each under another token, so each is told of it."""
    assert run(*RESEARCH).exit_code == 0

    for token in tokens(run)[:2]:
        assert [
            access["as_kind"] for access in data(run("audit", "person", token, "--json")) if access["action"] == "research.propose"
        ] == ["everybody"]
    assert data(run("audit", "person", "00" * 8, "--json")) == []


def test_erasing_a_person_ends_what_the_record_tells_of_them(run: Run, town: Path) -> None:
    """The lines stay and are whole; that they are about the person cannot be told any more, the erasure's own line included."""
    mine, other, *_ = tokens(run)
    export_list(run, town)
    assert len(data(run("audit", "person", mine, "--json"))) > 1
    before, of_the_other = len(lines(run)), data(run("audit", "person", other, "--json"))

    assert run("erase", "person", mine, *BY, "--reason", "R1", "--yes").exit_code == 0

    assert data(run("audit", "person", mine, "--json")) == []
    assert data(run("audit", "person", mine, "--json")) == [], "asking makes no new trace"
    assert data(run("audit", "person", other, "--json"))[:-1] == of_the_other
    assert len(lines(run)) == before + 1
    assert run("audit", "verify").exit_code == 0
    everything = b"".join(path.read_bytes() for path in (town / "w" / "audit").rglob("*") if path.is_file())
    assert bytes.fromhex(mine) not in everything and mine.encode() not in everything


def test_every_change_of_the_record_is_noticed(run: Run, town: Path) -> None:
    """A changed, removed, added or swapped line, a changed side file, missing salts; by the file of the tree or an earlier checkpoint."""
    for _ in range(3):
        run("candidates", "list", POLICY)
    audit, checkpoint = town / "w" / "audit", town / "c.txt"
    assert run("audit", "checkpoint", "--out", checkpoint).exit_code == 0
    run("candidates", "list", POLICY)
    good = {path.name: path.read_bytes() for path in audit.iterdir()}
    log = good["log.jsonl"].splitlines(keepends=True)
    check = data(run("audit", "verify", "--checkpoint", checkpoint, "--json"))
    assert check["ok"] and check["checkpoint"] == len(log) - 1 and check["lines"] == len(log)

    forged = log[1].replace(b'"via":"cli"', b'"via":"clj"')
    for name, content in (
        ("log.jsonl", b"".join([log[0], forged, *log[2:]])), ("log.jsonl", b"".join(log[1:])), ("log.jsonl", b"".join([*log[:1], *log[2:]])),
        ("log.jsonl", b"".join([log[1], log[0], *log[2:]])), ("log.jsonl", b"".join([log[0], b'{"x": 1}\n', *log[2:]])),
        ("log.jsonl", b"".join(log[:-2])), ("shown", good["shown"][:-1]), ("shown", good["shown"].replace(good["shown"][:4], b"\0\0\0\0", 1)),
        ("salts.sqlite", b"x" * 5000), ("log.jsonl", b""),
    ):  # fmt: skip
        (audit / name).write_bytes(content)
        result = run("audit", "verify", "--checkpoint", checkpoint, "--json")
        assert result.exit_code == 3, (name, content[:80], result.output)
        assert not json.loads(result.stdout)["ok"]
        (audit / name).write_bytes(good[name])
    (audit / "salts.sqlite").unlink()
    assert run("audit", "verify").exit_code == 3
    (audit / "salts.sqlite").write_bytes(good["salts.sqlite"])
    assert run("audit", "verify", "--checkpoint", checkpoint).exit_code == 0


def test_whoever_has_the_files_alone_cannot_forge_a_checkpoint(run: Run, town: Path) -> None:
    """Another workspace's key does not verify; a record that was begun anew does not fit the one an auditor checkpoint."""
    for _ in range(2):
        run("candidates", "list", POLICY)
    checkpoint = town / "c.txt"
    key = data(run("audit", "checkpoint", "--out", checkpoint, "--json"))["key"]
    assert run("audit", "verify", "--checkpoint", checkpoint, "--key", key).exit_code == 0
    assert run("audit", "verify", "--checkpoint", checkpoint, "--key", key[:-4] + "AAA=").exit_code == 3
    shutil.rmtree(town / "w" / "audit")
    for _ in range(9):
        run("candidates", "list", POLICY)

    assert run("audit", "verify").exit_code == 0
    result = run("audit", "verify", "--checkpoint", checkpoint, "--lang", "en")
    assert result.exit_code == 3 and "do not have the root they had" in result.output.replace("\n", " ")


def test_proofs_verify_against_the_checkpoint(run: Run, town: Path) -> None:
    """By whoever has the line, the proof and the root alone."""
    from connectors.audit.merkle import is_consistent, is_included, leaf_hash

    for _ in range(5):
        run("candidates", "list", POLICY)
    earlier = data(run("audit", "checkpoint", "--json"))
    run("candidates", "list", POLICY)
    now = data(run("audit", "checkpoint", "--json"))
    log = (town / "w" / "audit" / "log.jsonl").read_bytes().splitlines()

    for number in range(now["size"]):
        proof = data(run("audit", "proof", number, "--json"))
        path = [bytes.fromhex(node) for node in proof["path"]]
        assert proof["root"] == now["root"]
        assert is_included(leaf_hash(log[number]), number, now["size"], path, bytes.fromhex(now["root"]))
    proof = data(run("audit", "proof", "--since-size", earlier["size"], "--json"))
    path = [bytes.fromhex(node) for node in proof["path"]]
    assert is_consistent(earlier["size"], now["size"], bytes.fromhex(earlier["root"]), bytes.fromhex(now["root"]), path)
    for words in (("proof", "999"), ("proof", "--since-size", "999"), ("proof",), ("proof", "1", "--since-size", "1"), ("show", "999")):
        assert run("audit", *words).exit_code == 2


def test_the_list_can_be_narrowed(run: Run, town: Path) -> None:
    """By who, policy, action, day; the newest last, and only so many."""
    for policy in (POLICY, ALLOWANCE, POLICY):
        run("candidates", "list", policy)

    def count(*words: str) -> int:
        return len(data(run("audit", "list", "--action", "list.read", "--json", *words)))

    whole = count("--limit", "0")
    assert count("--policy", ALLOWANCE) >= 1 and count("--policy", POLICY) + count("--policy", ALLOWANCE) == whole
    assert count("--who", operator()) == whole and count("--who", "nobody") == 0
    assert count("--since", "2999-01-01") == 0 and count("--denied") == 0 and count("--limit", "1") == 1
    assert str(Action.READ_AUDIT) in {line["action"] for line in data(run("audit", "list", "--json"))}, "reading it is an access, too"


def test_an_erasure_is_not_done_while_a_salt_may_be_left(run: Run, town: Path) -> None:
    """The file is named; once it is mended, the erasure is finished, and the salt is gone."""
    mine = tokens(run)[0]
    salts = town / "w" / "audit" / "salts.sqlite"
    whole = salts.read_bytes()
    run("policy", "list")
    erase = ("erase", "person", mine, *BY, "--reason", "R1", "--yes", "--json")
    assert run(*erase[:2], "00" * 8, *erase[3:]).exit_code == 2  # nobody: opens the file for the last time before it is damaged

    salts.write_bytes(b"x" * len(whole))
    refused = run(*erase)
    assert refused.exit_code == 1 and "salts.sqlite" in refused.output, "it could not be recorded, so it was not begun"
    assert data(run("erase", "list", "--json")) == []
    salts.write_bytes(whole)
    assert run(*erase).exit_code == 0
    assert data(run("audit", "person", mine, "--json")) == []


def test_a_salt_that_comes_back_with_a_backup_goes_with_the_next_erasure(run: Run, town: Path) -> None:
    mine = tokens(run)[0]
    salts = town / "w" / "audit" / "salts.sqlite"
    before = salts.read_bytes()
    erase = ("erase", "person", mine, *BY, "--reason", "R1", "--yes")
    assert run(*erase).exit_code == 0
    salts.write_bytes(before)
    assert data(run("audit", "person", mine, "--json")) != []

    assert run(*erase).exit_code == 0

    assert data(run("audit", "person", mine, "--json")) == []
