"""The command line where a workspace has accounts: each verb is run as somebody, within their rights and in their own name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.cli.main import command
from console.cli.reference import verbs
from console.cli.verb_actions import VERBS, action_of
from services.access.actions import Action
from services.access.table import TABLE
from services.access.two_people import ACTIONS
from tests.console.command import run_command
from tests.console.conftest import Run
from tests.console.town import POLICY, tokens

GOOD = "梧桐树下 7 只猫 walk"
As = Callable[..., Any]
AGENCY = "putuo-medical-insurance"
DRAFT = "w/policies/dibao.yaml"


@pytest.fixture
def act_as(town: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> As:
    """The small town with accounts: each is a user of this machine by its own name. Runs a verb as one of them; the user ``ops`` is first."""
    user = ["ops"]
    for module in ("infra.settings", "console.cli.guard", "infra.workspace.workspace"):
        monkeypatch.setattr(f"{module}.operator", lambda: user[0])
    monkeypatch.chdir(town)

    def act(name: str, *words: Any, **options: Any) -> Any:
        user[0] = name
        return run(*words, "--lang", "en", **options)

    assert act("ops", "account", "add", "ops", "--grant", "operator:310107").exit_code == 0
    for name, *grants in (
        ("zhang", "officer:310107"), ("li", "approver:310107"), ("wang", f"clerk:310107:{AGENCY}"), ("other", "clerk:310107:putuo-civil-affairs"),
        ("street", f"clerk:310107014:{AGENCY}"), ("he", "steward:310107:putuo-psb"), ("chen", "analyst:310107"), ("xu", "coordinator:310107020"),
        ("sun", "auditor:310107"),
    ):  # fmt: skip
        words = [word for grant in grants for word in ("--grant", grant)]
        assert act("ops", "account", "add", name, "--title", f"{name} title", *words).exit_code == 0
        assert act("ops", "account", "map", name, name).exit_code == 0
    assert act("ops", "account", "password", "li", input=f"{GOOD}\n").exit_code == 0
    return act


def test_every_verb_has_its_action() -> None:
    """The table names every verb of the tree and no other; verbs that take names say so; both halves of an act of two people go together."""
    tree = {name.removeprefix("huimin "): leaf for name, leaf in verbs(command("en"))}

    assert VERBS.keys() == tree.keys()
    for name, leaf in tree.items():
        options = {parameter.name for parameter in leaf.params}
        assert VERBS[name].names is ("by" in options and name != "forecast"), name
        assert (VERBS[name].approval is not None) is ("approved_by" in options), name
    pairs = set(ACTIONS.values())
    assert {(right.action, right.approval) for right in VERBS.values() if right.approval is not None} == pairs
    assert [name for name, right in VERBS.items() if right.action is None] == [
        "init",
        "demo",
        "bench",
        "up",
        "policy schema",
        "access table",
    ]
    assert {right.action for right in VERBS.values() if right.action is not None} <= TABLE.keys()


@pytest.mark.parametrize(
    ("verb", "values", "action"),
    [
        ("feed coverage", {"file": Path("s.jsonl")}, Action.STATE_COVERAGE), ("feed coverage", {"file": None}, Action.READ_COVERAGE),
        ("feed quarantine", {"close": 3}, Action.CLOSE_ROWS), ("feed quarantine", {"out": Path("m.csv")}, Action.MEND_ROWS),
        ("feed quarantine", {}, Action.READ_QUARANTINE), ("snapshot create", {"grade": "open"}, Action.MAKE_OPEN_SNAPSHOT),
        ("snapshot create", {"grade": "research"}, Action.PROPOSE_RESEARCH),
    ],
)  # fmt: skip
def test_a_verb_that_does_several_things_has_several_actions(verb: str, values: dict[str, Any], action: Action) -> None:
    assert action_of(verb, values).action is action


def test_a_user_without_an_account_runs_nothing(act_as: As) -> None:
    """Except what concerns no workspace; the way out is named."""
    result = act_as("nobody", "candidates", "list", POLICY)

    assert result.exit_code == 5
    assert "huimin account map ACCOUNT nobody" in result.output
    assert act_as("nobody", "access", "table").exit_code == 0


def test_a_role_runs_its_own_verbs_alone(act_as: As, town: Path) -> None:
    """Of each verb that needs one action, exactly the roles of the table run it."""
    for name, verb, allowed in (
        ("wang", ("candidates", "list", POLICY), True), ("ops", ("candidates", "list", POLICY), False),
        ("chen", ("candidates", "list", POLICY), False), ("zhang", ("candidates", "list", POLICY), True),
        ("zhang", ("candidates", "export", POLICY, "--out", "l.csv"), False), ("wang", ("candidates", "export", POLICY, "--out", "l.csv"), True),
        ("sun", ("candidates", "outcomes"), True), ("he", ("candidates", "outcomes"), False), ("he", ("feed", "deliveries"), True),
        ("wang", ("feed", "deliveries"), False), ("ops", ("tick",), True), ("zhang", ("tick",), False), ("ops", ("doctor",), True),
        ("chen", ("forecast", POLICY), True), ("wang", ("account", "list"), False), ("wang", ("account", "show", "wang"), True),
        ("wang", ("account", "show", "ops"), False), ("chen", ("snapshot", "create", "--grade", "open"), True),
    ):  # fmt: skip
        result = act_as(name, *verb)
        assert (result.exit_code == 0) is allowed, (name, verb, result.output)
        assert allowed or result.exit_code == 5, (name, verb, result.output)
    assert (town / "l.csv").exists()


def test_a_clerk_reaches_no_list_of_another_agency(act_as: As, run: Run, town: Path) -> None:
    """By no verb that names a policy or a candidate; and no verb over all policies shows it."""
    token = json.loads(act_as("wang", "candidates", "list", POLICY, "--json").stdout)[0]["subject"]
    before = act_as("wang", "candidates", "history", POLICY, token, "--json").stdout

    for words in (
        ("candidates", "list", POLICY), ("candidates", "export", POLICY), ("candidates", "changes", POLICY, "--since", "0"), ("explain", POLICY, token),
        ("candidates", "visit", POLICY), ("candidates", "history", POLICY, token), ("candidates", "note", POLICY, token, "x", "--by", "other"),
        ("candidates", "call-again", POLICY, token, "never", "--by", "other"), ("candidates", "assign", POLICY, token, "x", "--by", "other"),
        ("candidates", "answer", POLICY, token, "claims", "yes"), ("candidates", "ack", POLICY, token, "contacted"), ("candidates", "outcomes", POLICY),
        ("edition", "list", POLICY), ("edition", "show", POLICY, "1"), ("edition", "cut", POLICY), ("edition", "evidence", POLICY, "1"),
        ("edition", "verify", POLICY), ("forecast", POLICY),
    ):  # fmt: skip
        result = act_as("other", *words)
        assert result.exit_code == 5, (words, result.output)
        assert token not in result.output and "not of your agency" in result.output.replace("\n", " "), (words, result.output)
    assert json.loads(act_as("other", "candidates", "outcomes", "--json").stdout) == []
    assert json.loads(act_as("other", "candidates", "corrections", "--json").stdout) == []
    assert json.loads(act_as("other", "candidates", "find", token, "--json").stdout) == []
    assert act_as("wang", "candidates", "history", POLICY, token, "--json").stdout == before


def test_a_streets_clerk_sees_the_street_alone(act_as: As) -> None:
    """On a list of the district; who is elsewhere can be neither shown, explained nor worked on."""
    every = json.loads(act_as("wang", "candidates", "list", POLICY, "--json").stdout)
    mine = json.loads(act_as("street", "candidates", "list", POLICY, "--json").stdout)
    elsewhere = next(row["subject"] for row in every if not (row["division"] or "").startswith("310107014"))

    assert [row for row in every if (row["division"] or "").startswith("310107014")] == mine
    for words in (
        ("explain", POLICY, elsewhere), ("candidates", "history", POLICY, elsewhere), ("candidates", "ack", POLICY, elsewhere, "contacted"),
        ("candidates", "note", POLICY, elsewhere, "x", "--by", "street"), ("edition", "list", POLICY),
    ):  # fmt: skip
        assert act_as("street", *words).exit_code == 5, words
    assert json.loads(act_as("xu", "candidates", "list", POLICY, "--json").stdout) == [
        row for row in every if row["division"] == "310107020"
    ]


def test_names_are_shown_to_clerks_alone(act_as: As) -> None:
    """An officer sees what changed by token."""
    of_the_clerk = json.loads(act_as("wang", "candidates", "changes", POLICY, "--since", "2026-01-01", "--json").stdout)["changes"]
    of_the_officer = json.loads(act_as("zhang", "candidates", "changes", POLICY, "--since", "2026-01-01", "--json").stdout)["changes"]

    assert sorted(line["subject"] for line in of_the_clerk) == sorted(line["subject"] for line in of_the_officer) != []
    assert any(line["number"] for line in of_the_clerk)
    assert not any(line["number"] or line["name"] for line in of_the_officer)


def test_the_name_of_somebody_else_is_refused(act_as: As, town: Path) -> None:
    """Left out it is the account's; its own name or title is taken for it; anybody else's is refused, and nothing is done."""
    (token, *_) = tokens(lambda *words: act_as("wang", *words))

    refused = act_as("wang", "candidates", "ack", POLICY, token, "contacted", "--by", "李强")
    assert refused.exit_code == 5
    assert "--by names somebody else" in refused.output.replace("\n", " ")
    assert act_as("wang", "candidates", "ack", POLICY, token, "contacted").exit_code == 0
    assert act_as("wang", "candidates", "note", POLICY, token, "x", "--by", "Wang Title").exit_code == 0
    events = json.loads(act_as("wang", "candidates", "history", POLICY, token, "--json").stdout)["events"]
    assert {event["by"] for event in events} == {"wang"}
    assert act_as("ops", "tick", "--to", "2026-10-16", "--by", "zhang").exit_code == 5
    assert act_as("ops", "tick", "--to", "2026-10-16").exit_code == 0


def test_the_second_person_types_their_password(act_as: As) -> None:
    """A wrong one, none, one's own name, or somebody without the right: nothing is published."""
    publish = ("policy", "publish", DRAFT, "--by", "zhang", "--yes", "--approved-by")

    for user, approver, typed, why in (
        ("zhang", "li", "wrong\n", "The account or password is wrong"), ("zhang", "li", "", "The account or password is wrong"),
        ("zhang", "zhang", f"{GOOD}\n", "same person"), ("zhang", "sun", f"{GOOD}\n", "has no password"), ("zhang", "gone", "x\n", "no account"),
    ):  # fmt: skip
        result = act_as(user, *publish, approver, input=typed)
        assert result.exit_code in (2, 5) and why in result.output.replace("\n", " "), (approver, result.output)
    assert act_as("ops", "account", "password", "sun", input=f"{GOOD}\n").exit_code == 0
    assert "None of your roles may" in act_as("zhang", *publish, "sun", input=f"{GOOD}\n").output
    published = act_as("zhang", *publish, "li title", input=f"{GOOD}\n")
    assert published.exit_code == 0, published.output
    listed = json.loads(act_as("zhang", "policy", "list", "--json").stdout)
    assert [(row["by"], row["approved_by"]) for row in listed if row["policy"] == "dibao"] == [("zhang", "li")]


def test_guessing_an_approvers_password_locks_it(act_as: As) -> None:
    """By the same count as signing in."""
    publish = ("policy", "publish", DRAFT, "--by", "zhang", "--yes", "--approved-by", "li")
    outputs = [act_as("zhang", *publish, input="wrong\n").output for _ in range(6)]

    assert "Too many attempts" in outputs[-1]
    assert "Too many attempts" in act_as("zhang", *publish, input=f"{GOOD}\n").output


def test_without_accounts_everything_is_as_before(town: Path, run: Run) -> None:
    """Any name may be given, and none is asked for a password."""
    (token, *_) = tokens(run)

    assert run("candidates", "ack", POLICY, token, "contacted", "--by", "谁都行").exit_code == 0
    assert not (town / "w" / "accounts.sqlite").exists()
    result = run("account", "list", "--lang", "en")
    assert result.exit_code == 2 and "no accounts yet" in result.output


def test_a_password_is_no_argument(act_as: As) -> None:
    """There is no option for one; it is shown nowhere, and a weak one is refused."""
    result = act_as("ops", "account", "password", "wang", input=f"{GOOD}\n")
    weak = act_as("ops", "account", "password", "wang", input="wang\n")

    assert result.exit_code == 0 and GOOD not in result.output
    assert weak.exit_code == 2
    help_text = run_command("account", "password", "--help").output
    assert "--password" not in help_text


def test_what_is_denied_is_on_record(act_as: As) -> None:
    """Who, which action and, where it was about one, which policy; auditors read it, and others do not."""
    act_as("other", "candidates", "list", POLICY)
    act_as("chen", "candidates", "list", POLICY)
    act_as("he", "ingest", "medical_insurance", "coverage.jsonl")

    denied = json.loads(act_as("sun", "audit", "list", "--denied", "--json").stdout)
    assert [(line["who"], line["action"], line["policy"], line["feed"]) for line in denied] == [
        ("other", "list.read", POLICY, None), ("chen", "list.read", None, None), ("he", "delivery.take_in", None, "medical_insurance"),
    ]  # fmt: skip
    assert act_as("ops", "audit", "list").exit_code == act_as("wang", "audit", "person", "00" * 8).exit_code == 5
    assert act_as("ops", "audit", "verify").exit_code == 0


def test_the_record_names_the_account_and_the_second_person(act_as: As) -> None:
    act_as("wang", "candidates", "list", POLICY)
    act_as("zhang", "policy", "publish", DRAFT, "--by", "zhang", "--yes", "--approved-by", "li", input=f"{GOOD}\n")

    lines = json.loads(act_as("sun", "audit", "list", "--limit", "0", "--json").stdout)
    assert ("wang", None, "list.read") in {(line["who"], line["approver"], line["action"]) for line in lines}
    assert ("zhang", "li", "policy.propose") in {(line["who"], line["approver"], line["action"]) for line in lines}


def test_who_moves_on_lists_is_not_told_to_those_who_may_not_read_them(act_as: As, town: Path) -> None:
    """A steward delivers one resident's row: which lists it changes stays unknown to them, in words and as data; who may read them sees it."""
    from tests.console.town import MEDICAL, RESIDENTS, resident

    rows = MEDICAL + f"E1,{resident(1)},2026-10-01,2020-01-01,,正常,居民\n"
    (town / "one.csv").write_bytes(rows.encode("gb18030"))
    act_as("ops", "account", "add", "mi", "--grant", f"steward:310107:{AGENCY}")
    act_as("ops", "account", "map", "mi", "mi")

    result = act_as("mi", "ingest", "medical_insurance", "one.csv", "--json")
    dry = act_as("mi", "ingest", "medical_insurance", "one.csv", "--dry-run")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["changes"] == []
    assert POLICY not in dry.output
    assert len(json.loads(act_as("wang", "candidates", "list", POLICY, "--json").stdout)) == RESIDENTS - 1
    assert "No list that you may read has changed" in act_as("ops", "tick", "--to", "2026-10-16").output


def test_changes_that_are_shown_with_their_subjects_are_on_record(act_as: As, town: Path) -> None:
    """As data, with each policy's purpose; a table of counts shows nobody."""
    token, other, *_ = tokens(lambda *words: act_as("wang", *words))
    act_as("wang", "candidates", "ack", POLICY, token, "declined")
    act_as("wang", "candidates", "ack", POLICY, other, "declined", "--json")

    lines = json.loads(act_as("sun", "audit", "list", "--action", "outcome.report", "--json").stdout)
    assert [(line["who"], line["policy"], line["count"]) for line in lines] == [("wang", POLICY, 1)] * 3
