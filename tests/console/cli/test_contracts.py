"""Changed contracts: additions take effect at the next write, changes that would reread records are refused, and other verbs go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from infra.settings import operator
from infra.workspace.workspace import Workspace
from tests.console.conftest import Run
from tests.console.town import MEDICAL, PENSION, POLICY, export_list, ingest_text, resident, tokens

At: TypeAlias = Callable[[str], Any]
"""Runs a verb in the town."""
MEALS = """format: 1
feed: meals
title: {zh: 助餐登记, en: Meals}
sources: [{unit: putuo-civil-affairs, division: "310107"}]
subject: person
cardinality: many
key: meal_no
order: changed_at
identify: {person: {column: id_number, scheme: cn-resident-id}}
fields:
  kind: {type: enum, values: {hot: 热餐, cold: 冷餐}, title: {zh: 种类, en: kind}}
agreement: {purposes: [assistance, enrolment], discloses: [], until: 2027-12-31}
delivery: {expected_every: P1M}
"""
DRAFT = """format: 1
policy: meals-for-all
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 助餐, en: Meals for all}
source: {document: 示例, issuer: 示例, published: 2026-01-01}
agency: putuo-civil-affairs
purpose: assistance
effective: {from: 2026-10-01, to: 2027-12-31}
evidence: {meals: {max_age: P2M}}
discloses: []
criteria:
  id: main
  all:
    - {id: old, age_of: hukou.birth_date, op: ge, value: 60}
    - {id: none_yet, quantifier: none, over: meals, where: {id: hot, field: kind, op: eq, value: hot}}
"""
CASES = """format: 1
policy: meals-for-all
cases:
  - case: an old person without meals
    cite: 第一条
    as_of: 2026-10-15
    given:
      coverage: [{feed: meals, division: "310107", complete_to: 2026-10-10}]
      persons: {a: {hukou: {birth_date: 1950-01-01, division: "310107020"}}}
    expect: {a: {verdict: yes, status: eligible, checklist: [], failed: [], missing: []}}
"""
VERBS = (
    "feed list", "feed show hukou", "feed coverage", "feed quarantine", "feed history hukou", "unit list", "policy list", "policy check DRAFT",
    "policy needs DRAFT", "policy needs DRAFT --letters", "policy preview DRAFT", "policy diff DRAFT DRAFT", "policy show DRAFT",
    f"policy show {POLICY}", f"policy history {POLICY}", f"policy diff {POLICY} {POLICY}", f"candidates list {POLICY}",
    f"candidates list {POLICY} --json", f"explain {POLICY} PERSON", f"forecast {POLICY} --days 40", "identity list", "doctor",
    "feed check MEALS", "candidates corrections", f"candidates outcomes {POLICY}", "holds list", f"edition list {POLICY}",
    f"edition verify {POLICY}", "snapshot create --grade research --by 王芳 --approved-by 李强 --reason 研究", "snapshot list", "snapshot verify", "erase list", "policy schema feed",
)  # fmt: skip


@pytest.fixture
def at(run: Run, town: Path) -> At:
    """Runs a verb in the town; DRAFT, PERSON and so on stand for what they name."""
    (town / "draft.yaml").write_text(DRAFT, encoding="utf-8")
    (town / "cases.yaml").write_text(CASES, encoding="utf-8")
    (town / "meals.yaml").write_text(MEALS, encoding="utf-8")
    places = {
        "DRAFT": town / "draft.yaml",
        "CASES": town / "cases.yaml",
        "MEALS": town / "w" / "feeds" / "meals.yaml",
        "PERSON": tokens(run)[0],
    }
    return lambda words: run(*(places.get(word, word) for word in words.split()), "--lang", "en")


def contract(town: Path, feed: str) -> Path:
    return town / "w" / "feeds" / f"{feed}.yaml"


def change_contract(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("before", ["feed add", "unit add", "a field", "an agreement", "torn"])
def test_every_verb_works_right_after_a_contract_is_changed(run: Run, town: Path, at: At, before: str) -> None:
    """All verbs use one catalogue: that of the state, with the additions of the documents."""
    assert run("feed", "add", town / "meals.yaml").exit_code == 0
    if before != "feed add":
        assert run("tick").exit_code == 0
    if before == "unit add":
        assert run("unit", "add", "new", "--division", "310107", "--zh", "新单位", "--en", "New").exit_code == 0
    elif before == "a field":
        change_contract(
            contract(town, "meals"), "fields:\n", "fields:\n  cost: {type: int, min: 0, max: 99, title: {zh: 价格, en: cost}}\n"
        )
    elif before == "an agreement":
        change_contract(contract(town, "hukou"), "until: 2027-12-31", "until: 2029-12-31")
    elif before == "torn":
        change_contract(contract(town, "pension"), "fields:", "fields: {")

    for verb in VERBS:
        result = at(verb)
        assert result.exit_code in (0, 1 if verb == "doctor" else 0), (verb, result.output)
        assert result.exception is None or isinstance(result.exception, SystemExit), verb
        assert result.output.count("pension.yaml is not in effect") <= (before == "torn"), verb


def test_a_draft_over_a_feed_just_added_is_previewed_and_tried(run: Run, town: Path, at: At) -> None:
    """Without a delivery everybody of that age needs evidence, and the preview says why."""
    run("feed", "add", town / "meals.yaml")

    result = at("policy preview DRAFT")
    assert result.exit_code == 0, result.output
    assert "Nothing has been delivered yet of Meals." in result.output
    assert json.loads(at("policy preview DRAFT --json").stdout)["listed"] == 7
    assert "never stated" in at("policy needs DRAFT").output
    assert at("policy test DRAFT --cases CASES").exit_code == 0
    assert at("policy publish DRAFT --by a --approved-by b --yes").exit_code == 0
    assert len(json.loads(at("candidates list meals-for-all --json").stdout)) == 7


def test_what_looks_changes_nothing(run: Run, town: Path, at: At) -> None:
    """The catalogue in the state changes only with the next write."""
    run("feed", "add", town / "meals.yaml")

    at("policy preview DRAFT")
    assert "next write" in at("feed history meals").output
    at("tick")

    assert json.loads(at("feed history meals --json").stdout) == [{"day": "2026-10-15", "message": "came into effect", "by": operator()}]


ORDINARY = {
    "a field": ("fields:\n", "fields:\n  weeks: {type: int, min: 0, max: 99, title: {zh: 周数, en: weeks}}\n", "adds the field weeks"),
    "a value": ("ended: {zh: 终止", "paused: 冻结, ended: {zh: 终止", "adds paused to the values of status"),
    "a column": ("scheme: {", "scheme: {column: 险种, ", "the column of scheme is called 险种"),
    "an agreement": ("until: 2027-12-31", "until: 2028-12-31", "another agreement"),
    "a rhythm": ("expected_every: P1D", "expected_every: P7D", "other ways or bounds of delivery"),
    "a title": ("en: Basic medical insurance enrolment", "en: Medical insurance", "another title"),
    "a synonym": ("active: {zh: 正常,", "active: {zh: [正常, 在保],", "values of status are written otherwise, too"),
    "a way to read files": ("delivery: {", "delivery: {nulls: [无], ", "other ways or bounds of delivery"),
    "a share": ("max_unplaced: 0.001", "max_unplaced: 0.01", "other ways or bounds of delivery"),
    "a source": (
        'division: "310107"}]',
        'division: "310107"}, {unit: yichuan-street, division: "310107020"}]',
        "adds the source yichuan-street",
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_step_is_told_and_takes_effect_at_the_next_write(run: Run, town: Path, at: At, name: str) -> None:
    """`feed check` names the change and the policies that read the feed; the next write applies it, and the history keeps it."""
    old, new, expected = ORDINARY[name]
    path = contract(town, "medical_insurance")
    change_contract(path, old, new)

    result = run("feed", "check", path, "--lang", "en")
    assert result.exit_code == 0
    assert expected in result.output
    assert "1 policy reads this feed" in result.output
    assert at("doctor").exit_code == 0
    assert at("tick").exit_code == 0

    assert expected in at("feed history medical_insurance").output
    assert "change" not in run("feed", "check", path, "--lang", "en").output


REREADS = {
    "another type": ("hukou", "sex: {type: enum, values: {male: {zh: 男, en: male}, female: {zh: 女, en: female}}", "sex: {type: text", "the type of the field sex differs", "give the field a new name"),
    "a value gone": ("hukou", "male: {zh: 男, en: male}, female:", "female:", "the value male of the field sex is gone", "put it back"),
    "labels turned": ("hukou", "male: {zh: 男, en: male}, female: {zh: 女, en: female}", "male: {zh: 女, en: male}, female: {zh: 男, en: female}", "'女' of the field sex meant female and means male", "give the field a new name"),
    "another scale": ("pension", "scale: 2", "scale: 3", "the scale of the field amount differs", "give the field a new name"),
    "another unit": ("pension", "unit: CNY/month", "unit: CNY/year", "the unit of the field amount differs", "give the field a new name"),
    "a field gone": ("pension", "  amount: {", "  sum: {", "the field amount is gone", "files keep its column"),
    "cardinality": ("elderly_allowance", "cardinality: many", "cardinality: one", "the cardinality differs", "make a new feed"),
    "another key": ("pension", "key: pension_no", "key: number", "the key was pension_no and is number", "keep its header"),
    "another type of order": ("hukou", "order: changed_at", "order: {column: changed_at, type: number}", "was a time and is a number", "type: time}"),
    "another order": ("pension", "order: delivery", "order: changed_at", "the order differs", "make a new feed"),
    "a source gone": ("occupancy", "{unit: putuo-housing, division: \"310107\"}, ", "", "source 1 is not putuo-housing", "Sources are only added at the end"),
    "no validity": ("pension", "validity: {from: paid_from, to: paid_to}\n", "", "there is a validity now and was none", "make a new feed"),
    "a narrow bound": ("pension", "max: 999999.99", "max: 99.99", "the bounds of the field amount are narrower", "make the bounds wide enough"),
    "torn": ("pension", "fields:", "fields: {", "pension.yaml", ""),
    "another column's": ("hukou", "  sex: {", "  sex: {column: relation, ", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REREADS)
def test_what_reads_records_otherwise_is_refused_where_it_is_written_and_stops_nobody_else(run: Run, town: Path, at: At, name: str) -> None:
    """`feed check` and the doctor name the place, the reason and what to do; other verbs go on, and warn once."""
    feed, old, new, why, instead = REREADS[name]
    path = contract(town, feed)
    ingest_text(run, town, "pension", PENSION + f"P1,{resident(1)},2026-01-01,,3000.00\n")
    before = at(f"candidates list {POLICY} --json").stdout
    change_contract(path, old, new)

    result = run("feed", "check", path, "--lang", "en")
    assert result.exit_code == 3
    assert why in result.output
    assert instead in result.output
    assert f"{feed}.yaml:" in result.output
    report = at("doctor")
    assert report.exit_code == 1
    assert why in report.output
    assert "Traceback" not in report.output
    assert ".;" not in report.output and "。；" not in at("doctor --lang zh").output
    result = at("tick --days 1")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("is not in effect; the one that held last stays in effect") == 1
    assert ingest_text(run, town, "medical_insurance", MEDICAL)["deliveries"][0]["rows"] == 0
    refused = run("ingest", feed, town / "coverage.jsonl", "--lang", "en", *(["--source", "yichuan-street"] if feed == "occupancy" else []))
    assert refused.exit_code == 3
    assert "so no file of" in refused.output
    assert at(f"candidates list {POLICY} --json").stdout == before
    assert at("policy preview DRAFT").exit_code == 3  # the draft reads a feed that does not exist
    assert run("feed", "add", town / "meals.yaml").exit_code == 0
    assert at("policy preview DRAFT").exit_code == 0


def test_a_contract_that_is_gone_stays_in_effect_and_is_missed(run: Run, town: Path, at: At) -> None:
    """Records and policies are still read by it, and the doctor reports it."""
    contract(town, "pension").unlink()

    assert "the feed pension is gone" in at("doctor").output
    assert at("tick --days 1").exit_code == 0
    assert "pension" in at("feed list").output


def test_a_contract_in_other_letters_is_refused_at_its_place(run: Run, town: Path, at: At) -> None:
    """Bytes that are no UTF-8 are a problem of that document alone."""
    path = contract(town, "pension")
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))

    assert run("feed", "check", path).exit_code == 3
    assert at("doctor").exit_code == 1
    assert at("tick --days 1").exit_code == 0


def test_a_unit_that_is_gone_is_missed(run: Run, town: Path, at: At) -> None:
    """A torn units.yaml is treated like a torn contract."""
    path = town / "w" / "units.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "torn: [\n", encoding="utf-8")

    assert "units.yaml" in at("doctor").output
    result = at("tick --days 1")
    assert result.exit_code == 0
    assert "units.yaml is not in effect" in result.stderr


def test_a_divisor_stays_small(run: Run, town: Path, at: At) -> None:
    """A wider bound that would break a published policy is refused, and the policy is named."""
    dibao = town / "w" / "policies" / "dibao.yaml"
    assert run("policy", "publish", dibao, "--by", "a", "--approved-by", "b", "--yes").exit_code == 0
    path = contract(town, "household")
    change_contract(path, "max: 99,", "max: 999999999,")

    result = run("feed", "check", path, "--lang", "en")

    assert result.exit_code == 3
    assert "dibao@1" in result.output
    change_contract(path, "max: 999999999,", "max: 120,")
    assert run("feed", "check", path, "--lang", "en").exit_code == 0


def test_rows_of_before_stay_in_quarantine_until_they_come_again(run: Run, town: Path, at: At) -> None:
    """An added value is valid from then on; an earlier row with it stays in quarantine."""
    row = f"E9,{resident(0)},2026-10-01,2026-01-01,,冻结,居民\n"
    assert ingest_text(run, town, "medical_insurance", MEDICAL + row)["deliveries"][0]["quarantined"] == 1
    change_contract(contract(town, "medical_insurance"), "ended: {zh: 终止", "paused: 冻结, ended: {zh: 终止")
    at("tick --days 1")
    assert unclear(at) == 1

    assert (
        ingest_text(run, town, "medical_insurance", MEDICAL + row.replace("2026-10-01", "2026-10-16"))["deliveries"][0]["quarantined"] == 0
    )

    assert unclear(at) == 0


def unclear(at: At) -> int:
    """The number of candidates who need evidence."""
    return sum(candidate["status"] == "needs_evidence" for candidate in json.loads(at(f"candidates list {POLICY} --json").stdout))


def test_a_name_that_was_not_kept_then_is_blank_on_the_list(run: Run, town: Path, at: At) -> None:
    """Identities stored before a field was added can still be read."""
    path = contract(town, "hukou")
    change_contract(path, "  sex: {", "  phone: {type: text, title: {zh: 电话, en: phone}, sensitivity: identity}\n  sex: {")
    change_contract(path, "discloses: [", "discloses: [phone, ")
    policy = town / "w" / "policies" / f"{POLICY}.yaml"
    change_contract(policy, "version: 1", "version: 2")
    change_contract(policy, "discloses: [", "discloses: [hukou.phone, ")
    assert run("policy", "publish", policy, "--by", "a", "--approved-by", "b", "--yes").exit_code == 0

    rows = export_list(run, town)

    assert len(rows) == 6
    assert {row["电话"] for row in rows} == {""}


def test_a_refused_file_leaves_nothing_of_a_longer_contract(run: Run, town: Path) -> None:
    """A refused file does not bring an added field into effect, so the field can be removed again; an accepted file does, and then it stays."""
    path = town / "w/feeds/pension.yaml"
    before = path.read_text(encoding="utf-8")
    longer = before.replace("fields:\n", "fields:\n  bank: {type: text, title: {zh: 开户行, en: bank}, column: 开户行}\n", 1)
    (town / "short.csv").write_bytes((PENSION + f"P1,{resident(1)},2026-01-01,,100\n").encode("gb18030"))
    (town / "long.csv").write_bytes((PENSION.replace("\n", ",开户行\n") + f"P2,{resident(2)},2026-01-01,,100,工商\n").encode("gb18030"))
    offset = _offset(town)

    for text, file, code in ((longer, "short.csv", 3), (before, "short.csv", 0), (longer, "short.csv", 3), (longer, "long.csv", 0)):
        path.write_text(text, encoding="utf-8")
        result = run("ingest", "pension", town / file, "--id", f"{file}-{code}")
        assert result.exit_code == code, result.output
        assert (_offset(town) == offset) is (code == 3), "a refused file stored something"
        offset = _offset(town)

    path.write_text(before, encoding="utf-8")
    assert run("ingest", "pension", town / "short.csv", "--id", "again").exit_code == 3
    assert run("feed", "check", path).exit_code == 3


def _offset(town: Path) -> int:
    with Workspace.open(town / "w").reading() as host:
        return host.state.offset


def test_refused_statements_leave_nothing_of_a_longer_contract_either(run: Run, town: Path) -> None:
    """The same for a file of coverage statements."""
    path, offset = town / "w/feeds/pension.yaml", _offset(town)
    before = path.read_text(encoding="utf-8")
    path.write_text(
        before.replace("fields:\n", "fields:\n  bank: {type: text, title: {zh: 开户行, en: bank}, column: 开户行}\n", 1), encoding="utf-8"
    )
    line = {
        "format": 1,
        "statement": "s",
        "feed": "pension",
        "unit": "putuo-social-security",
        "division": "310107",
        "complete_to": "2036-01-01",
    }
    (town / "far.jsonl").write_text(json.dumps(line) + "\n")

    assert run("feed", "coverage", town / "far.jsonl").exit_code == 3
    path.write_text(before, encoding="utf-8")

    assert _offset(town) == offset
    assert run("tick", "--days", "1").exit_code == 0 and _offset(town) == offset + 1
