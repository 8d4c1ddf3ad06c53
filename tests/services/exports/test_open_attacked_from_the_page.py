"""Open snapshots against somebody who has read the page and nothing else, over a register whose counts are known here."""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from console.cli.main import main
from tests.oracles.attack_from_the_page import Cell, Figures, Knowledge, Range, attack, figures, plain_subtraction, ranges

POLICY = "elderly-uninsured"
STREETS = ("310107005", "310107014", "310107015", "310107016", "310107017", "310107020", "310107021", "310107022", "310107102", "310107103")
AGES = tuple((band, sex) for band in ("70-74", "75-79", "80-84", "85+") for sex in ("male", "female"))
INSURANCE, PENSION = ("medical_insurance", "putuo-medical-insurance"), ("pension", "putuo-social-security")
# Neither unit ever declared, so by the rule everybody on the list needs evidence, and waits for both.
KNOWN = Knowledge({POLICY: ["needs_evidence"]}, STREETS, AGES, {INSURANCE: [POLICY], PENSION: [POLICY]})
COLUMNS = "id_number,出生日期,sex,relation,hukou_kind,hukou_since,division,name,telephone,household_no,changed_at"
Counts = Mapping[str, int]
Run = Callable[..., None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command, on a day."""

    def command(day: str, *words: str) -> None:
        monkeypatch.setenv("HUIMIN_TODAY", day)
        monkeypatch.setattr(sys, "argv", ["huimin", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code, words

    return command


def cell(street: str) -> Cell:
    return ("street", POLICY, "needs_evidence", street)


def number(person: int) -> str:
    """A made-up identity number with a sound check digit: men and women by turns, born in the years 1925 to 1956."""
    text = f"310107{1925 + person % 32}0101{person:03d}"
    return text + "10X98765432"[sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(text)) % 11]


def register(path: Path, day: str, placed: Mapping[int, str]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS.split(","))
        for person, street in placed.items():
            born, sex = f"{1925 + person % 32}-01-01", ("female", "male")[person % 2]
            rows.writerow([number(person), born, sex, "head", "local_family", "1980-01-01", street, f"甲{person}", "", f"H-{person}", day])
    return str(path)


def placed(counts: Counts) -> dict[int, str]:
    return dict(enumerate(street for street, count in counts.items() for _ in range(count)))


def begin(run: Run, folder: Path, people: Mapping[int, str]) -> list[str]:
    """A workspace with a register and one list; gives the words that name it."""
    at = ["--workspace", str(folder / "putuo")]
    run("2026-10-01", "init", "--example", *at)
    contract = folder / "putuo" / "feeds" / "hukou.yaml"
    contract.write_text(contract.read_text("utf-8").replace("gb18030", "utf-8"), "utf-8")
    run("2026-10-01", *at, "ingest", "hukou", register(folder / "first.csv", "2026-10-01", people))
    policy = folder / "putuo" / "policies" / f"{POLICY}.yaml"
    run("2026-10-01", *at, "policy", "publish", str(policy), "--by", "王芳", "--approved-by", "李强", "--yes")
    return at


def snapshot(run: Run, at: Sequence[str], day: str, path: Path) -> Figures:
    run(day, *at, "snapshot", "create", "--out", str(path))
    return figures(path)


def test_no_count_under_ten_is_pinned(run: Run, tmp_path: Path) -> None:
    """Over two snapshots, between which people move, more than one count remains for every cell under ten, and ten is one of them."""
    first = {STREETS[0]: 46, STREETS[1]: 33, STREETS[2]: 27, STREETS[3]: 7, STREETS[4]: 3}
    second = {STREETS[0]: 40, STREETS[1]: 37, STREETS[2]: 27, STREETS[3]: 9, STREETS[4]: 3}
    people = placed(first)
    movers = dict.fromkeys(range(4), STREETS[1]) | dict.fromkeys(range(4, 6), STREETS[3])
    assert Counter((people | movers).values()) == second

    at = begin(run, tmp_path, people)
    told = [snapshot(run, at, "2026-10-01", tmp_path / "1.duckdb")]
    run("2026-10-05", *at, "ingest", "hukou", register(tmp_path / "second.csv", "2026-10-05", movers))
    told.append(snapshot(run, at, "2026-10-05", tmp_path / "2.duckdb"))

    truth = {(place, cell(street)): counts.get(street, 0) for place, counts in enumerate((first, second)) for street in STREETS}
    found = attack(told, KNOWN, list(truth))
    assert all(least <= truth[item] <= most for item, (least, most) in found.items())
    small = {item: ends for item, ends in found.items() if truth[item] < 10}
    assert len(small) == 14
    assert [item for item, (least, most) in small.items() if least == most or most < 10] == []


def test_the_same_counts_published_exactly_are_pinned() -> None:
    """Of exact counts and their sum, with cells under ten left out, subtraction gives a lone small cell."""
    counts = {cell(STREETS[0]): 46, cell(STREETS[1]): 33, cell(STREETS[2]): 7}
    assert plain_subtraction(counts, 86) == {cell(STREETS[2]): (7, 7)}


def test_the_attacker_finds_what_is_to_be_found() -> None:
    """A sum of a list that has no withheld cell, told beside two streets whose figures just rose, leaves nothing for the others."""
    source = ("waiting", *INSURANCE)
    told: list[Figures] = [
        {cell(STREETS[0]): 30, cell(STREETS[1]): 30, source: 90},
        {cell(STREETS[0]): 40, cell(STREETS[1]): 40, source: 80},
    ]
    known = Knowledge({POLICY: ["needs_evidence"]}, STREETS[:4], (), {INSURANCE: [POLICY]})
    assert attack(told, known, [(1, cell(street)) for street in STREETS[:4]]) == {
        (1, cell(STREETS[0])): (40, 40),
        (1, cell(STREETS[1])): (40, 40),
        (1, cell(STREETS[2])): (0, 0),
        (1, cell(STREETS[3])): (0, 0),
    }


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([None, 10, 10], [(0, 13), (10, 14), (0, 19)]),
        ([40, 40], [(35, 44), (31, 49)]),
        ([20, 10, 10, 20], [(15, 24), (0, 10), (0, 19), (20, 24)]),
        ([30, 40, 30], [(25, 34), (40, 44), (25, 30)]),
        ([None, 20], [(0, 18), (15, 24)]),
    ],
)
def test_what_a_figure_stands_for(told: Sequence[int | None], expected: Sequence[Range]) -> None:
    """The examples of the page: 40 is 35 to 44 at first and 31 to 49 later; 10 is 10 to 14 at first and 0 to 19 later."""
    assert ranges(told) == expected
