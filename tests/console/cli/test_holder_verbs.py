"""What an agency finds reaches the units that hold the record, or stated that there is none; a death is marked on every list.

Rules: docs/en/semantics.md, section 17.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.workspace.workspace import Workspace
from services.deliveries.coverage import state_coverage
from tests.console.conftest import Run
from tests.console.town import ALLOWANCE, HUKOU, MEDICAL, POLICY, RESIDENTS, data, export_list, ingest_text, register_row, resident, tokens

BY = ("--by", "王芳")
PSB, INSURANCE = "putuo-psb", "putuo-medical-insurance"


def ack(run: Run, policy: str, *words: str) -> Any:
    return data(run("candidates", "ack", policy, *words, *BY, "--json"))


def requests(run: Run, *words: str) -> Any:
    return data(run("candidates", "corrections", *words, "--json"))


def marks(run: Run, policy: str) -> dict[str, Any]:
    """The marks on a list, by subject."""
    return {row["subject"]: row["reported"] for row in data(run("candidates", "list", policy, "--json")) if row["reported"]}


def state_again(town: Path, complete_to: str) -> None:
    """The insurance centre states its coverage once more."""
    line = {"format": 1, "statement": f"s-{complete_to}", "feed": "medical_insurance", "unit": INSURANCE, "division": "310107"}
    (town / "again.jsonl").write_text(json.dumps(line | {"complete_to": complete_to}) + "\n", encoding="utf-8")
    with Workspace.open(town / "w").writing() as host:
        state_coverage(Workspace.open(town / "w"), host, town / "again.jsonl", date.fromisoformat(complete_to))


def the_leaf(criterion: Any, id: str) -> Any:
    if criterion["id"] == id:
        return criterion
    return next((leaf for child in criterion["criteria"] if (leaf := the_leaf(child, id))), None)


def test_every_proven_absence_cites_the_statement_behind_it(run: Run, town: Path) -> None:
    """Unit, division, day and delivery; a criterion that rests on records cites none."""
    who = tokens(run)[0]

    explained = data(run("explain", POLICY, who, "--json"))
    english, chinese = (run("explain", POLICY, who, "--lang", language).stdout for language in ("en", "zh"))

    statement = {"statement": "s-medical_insurance", "feed": "medical_insurance", "unit": INSURANCE, "division": "310107"}
    assert the_leaf(explained["criteria"], "uninsured")["coverage"] == [statement | {"complete_to": "2027-03-31", "delivery": None}]
    assert [statement["unit"] for statement in the_leaf(explained["criteria"], "no_pension")["coverage"]] == ["putuo-social-security"]
    assert the_leaf(explained["criteria"], "age70")["coverage"] == [] and explained["criteria"]["coverage"] == []
    assert "completefor310107" in joined_words(english) and "to2027-03-31(statements-medical_insurance)" in joined_words(english)
    assert "截至2027-03-31齐全（声明s-medical_insurance）" in joined_words(chinese)


def test_a_refuted_absence_asks_whoever_said_there_was_no_record(run: Run, town: Path) -> None:
    """Not the register, by which the person was placed. The record that comes late closes the request; another person's does not."""
    who = token_of(run, town, 3)

    report = ack(run, POLICY, who, "not_eligible", "--criterion", "uninsured")
    table = run("candidates", "corrections", "--lang", "en").stdout
    asked = requests(run)
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(4))
    still = requests(run, "--open")
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(3))

    assert report["outcome"]["records"] == [] and [of["statement"] for of in report["outcome"]["statements"]] == ["s-medical_insurance"]
    assert [(of["unit"], of["delivery"], of["row"], of["statement"]["complete_to"], of["open"]) for of in asked] == [
        (INSURANCE, None, None, "2027-03-31", True)
    ]
    assert "s-medical_insurance" in joined_words(table) and requests(run, "--unit", PSB) == []
    assert still == asked and requests(run, "--open") == []
    assert [(of["in_force"], of["open"]) for of in requests(run)] == [(False, False)]
    (tally,) = data(run("candidates", "outcomes", "--json"))
    assert [(hits["unit"], hits["wrong"]) for hits in tally["units"]] == [(INSURANCE, 1)]


def test_a_later_statement_that_covers_the_person_again_closes_the_request(run: Run, town: Path) -> None:
    """The unit has looked and stands by it; the statement that was the evidence does not close its own request."""
    ack(run, POLICY, tokens(run)[0], "not_eligible", "--criterion", "uninsured")

    before = requests(run, "--open")
    state_again(town, "2027-04-30")

    assert len(before) == 1 and requests(run, "--open") == []


def test_a_death_takes_nobody_off_the_list_of_others(run: Run, town: Path) -> None:
    """The subject leaves the reporting agency's list alone; on others it is marked, and the register is asked."""
    who = tokens(run)[0]

    report = ack(run, POLICY, who, "deceased", "--on", "2026-10-14")

    assert [(line["policy"], line["change"]) for line in report["changes"]] == [(POLICY, "left")]
    assert marks(run, ALLOWANCE) == {
        who: {"outcome": "deceased", "agency": INSURANCE, "on": "2026-10-14", "request": report["outcome"]["number"], "register": PSB, "confirmed": None}
    }  # fmt: skip
    assert [(of["unit"], of["outcome"], of["criterion"], of["feed"], of["open"]) for of in requests(run)] == [
        (PSB, "deceased", None, "hukou", True)
    ]
    listed = run("candidates", "list", ALLOWANCE, "--lang", "zh").stdout
    explained = run("explain", ALLOWANCE, who, "--lang", "en").stdout
    assert any("报告已去世" in cell for row in export_list(run, town, policy=ALLOWANCE) if row["代号"] == who for cell in row.values())
    assert "报告已去世" in joined_words(listed) and "reported on 2026-10-14: deceased;" in " ".join(explained.split())
    assert data(run("explain", ALLOWANCE, who, "--json"))["reported"]["outcome"] == "deceased"


def test_the_mark_outlives_the_suppression(run: Run, town: Path) -> None:
    """After six months the subject is back on the agency's own list, still marked; the outcome is told as over."""
    who = tokens(run)[0]
    ack(run, POLICY, who, "deceased", "--on", "2026-10-14")

    assert run("tick", "--days", "182", "--yes", "--json").exit_code == 0

    ended = data(run("explain", POLICY, who, "--json"))
    assert ended["outcome"]["standing"] == "over" and ended["reported"]["outcome"] == "deceased"
    words = " ".join(run("explain", POLICY, who, "--lang", "en").stdout.split())
    assert "It is over since 2027-04-14 and keeps nobody off." in words


def test_a_register_refutes_and_everything_ends(run: Run, town: Path) -> None:
    """The mark goes, the subject is back because of the outcome, and the report decides no hit rate; the same word again is known."""
    who = tokens(run)[0]
    number = str(ack(run, POLICY, who, "deceased")["outcome"]["number"])

    answered = data(run("candidates", "answer-request", number, "不属实", "--by", "李强", "--json"))
    again = data(run("candidates", "answer-request", number, "refuted", "--by", "李强", "--json"))

    assert [(line["policy"], line["change"], line["cause"]["kind"]) for line in answered["changes"]] == [(POLICY, "entered", "outcome")]
    assert (answered["new"], again["new"], again["changes"]) == (True, False, [])
    assert marks(run, ALLOWANCE) == {} and who in tokens(run) and requests(run, "--open") == []
    assert data(run("explain", POLICY, who, "--json"))["outcome"]["standing"] == "refuted"
    (tally,) = data(run("candidates", "outcomes", "--json"))
    assert (tally["outcomes"], tally["wrong"], tally["hit_rate"]) == ({"deceased": 1}, 0, None)


def test_a_register_confirms_and_then_delivers(run: Run, town: Path) -> None:
    """Confirmed, the mark says by whom; the same row again is no answer, a row that says something else is."""
    who = token_of(run, town, 0)
    number = str(ack(run, POLICY, who, "moved")["outcome"]["number"])

    confirmed = data(run("candidates", "answer-request", number, "confirmed", "--by", "李强", "--json"))
    ingest_text(run, town, "hukou", HUKOU + "".join(register_row(serial) for serial in range(RESIDENTS + 1)))
    same = marks(run, ALLOWANCE)
    ingest_text(run, town, "hukou", HUKOU + register_row(0, "2026-10-05").replace("310107020", "310107021"))

    assert confirmed["changes"] == [] and [mark["confirmed"] for mark in same.values()] == ["2026-10-15"]
    assert marks(run, ALLOWANCE) == {} and requests(run, "--open") == []
    assert [(of["answer"], of["answered"], of["open"]) for of in requests(run)] == [("confirmed", "2026-10-15", False)]


def test_another_outcome_takes_the_mark_along(run: Run, town: Path) -> None:
    """An agency that reports an enrolment after a death has corrected itself; wrong_person marks nobody elsewhere."""
    first, second, *_ = tokens(run)
    ack(run, POLICY, first, "deceased", "--on", "2026-10-13")
    ack(run, POLICY, first, "enrolled", "--on", "2026-10-14")
    ack(run, POLICY, second, "wrong_person")

    assert marks(run, ALLOWANCE) == {} and requests(run) == []


@pytest.mark.parametrize(
    ("words", "code", "en"),
    [
        (["7777", "confirmed", *BY], 2, "There is no correction request 7777"),
        (["NUMBER", "perhaps", *BY], 2, "Write confirmed or refuted."),
        (["NUMBER", "confirmed", "--by", " "], 3, "needs the name of who gives it"),
        (["ABSENCE", "refuted", *BY], 2, "is about a criterion and needs no answer"),
    ],
)
def test_a_word_that_answers_nothing_is_refused(run: Run, town: Path, words: list[str], code: int, en: str) -> None:
    """An exit code and the way out; nothing changes."""
    first, second, *_ = tokens(run)
    numbers = {
        "NUMBER": ack(run, POLICY, first, "deceased")["outcome"]["number"],
        "ABSENCE": ack(run, POLICY, second, "not_eligible", "--criterion", "uninsured")["outcome"]["number"],
    }

    result = run("--lang", "en", "candidates", "answer-request", *(numbers.get(word, word) for word in words))

    assert (result.exit_code, result.stdout) == (code, "") and en in result.stderr
    assert len(requests(run, "--open")) == 2


def joined_words(output: str) -> str:
    """The output without what a terminal puts between the words."""
    return "".join(output.replace("│", "").split())


def insurance_row(serial: int) -> str:
    return f"N{serial},{resident(serial)},2026-10-14,2026-01-01,,正常,居民\n"


def token_of(run: Run, town: Path, serial: int) -> str:
    """The token of a resident, by whom the exported list names."""
    return next(row["代号"] for row in export_list(run, town) if row["身份号码"] == resident(serial))
