"""Open snapshots against somebody who has read the page and nothing else, over a register whose counts are known here."""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from connectors.analysts.disclosure import SecretOrder
from console.cli.main import main
from tests.oracles.attack_from_the_page import ANYTHING, Cell, Figures, Knowledge, Range, attack, figures, plain_subtraction, ranges

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


def register(path: Path, day: str, people_by_street: Mapping[int, str]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS.split(","))
        for person, street in people_by_street.items():
            birth_date, sex = f"{1925 + person % 32}-01-01", ("female", "male")[person % 2]
            rows.writerow(
                [number(person), birth_date, sex, "head", "local_family", "1980-01-01", street, f"甲{person}", "", f"H-{person}", day]
            )
    return str(path)


def people_by_street(counts: Counts) -> dict[int, str]:
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
    people = people_by_street(first)
    movers = dict.fromkeys(range(4), STREETS[1]) | dict.fromkeys(range(4, 6), STREETS[3])
    assert Counter((people | movers).values()) == second

    at = begin(run, tmp_path, people)
    snapshots = [snapshot(run, at, "2026-10-01", tmp_path / "1.duckdb")]
    run("2026-10-05", *at, "ingest", "hukou", register(tmp_path / "second.csv", "2026-10-05", movers))
    snapshots.append(snapshot(run, at, "2026-10-05", tmp_path / "2.duckdb"))

    truth = {(place, cell(street)): counts.get(street, 0) for place, counts in enumerate((first, second)) for street in STREETS}
    bounds = attack(snapshots, KNOWN, list(truth))
    assert all(least <= truth[item] <= most for item, (least, most) in bounds.items())
    small = {item: ends for item, ends in bounds.items() if truth[item] < 10}
    assert len(small) == 14
    assert [item for item, (least, most) in small.items() if least == most or most < 10] == []


def test_the_same_counts_published_exactly_are_pinned() -> None:
    """Of exact counts and their sum, with cells under ten left out, subtraction gives a lone small cell."""
    counts = {cell(STREETS[0]): 46, cell(STREETS[1]): 33, cell(STREETS[2]): 7}
    assert plain_subtraction(counts, 86) == {cell(STREETS[2]): (7, 7)}


def test_a_sum_that_is_estimated_from_a_half_bounds_nobody() -> None:
    """Of exact sums, two streets whose figures just rose would leave nothing for the others; a half may be any part of the whole."""
    source = ("waiting", *INSURANCE)
    snapshots: list[Figures] = [
        {cell(STREETS[0]): 30, cell(STREETS[1]): 30, source: 90},
        {cell(STREETS[0]): 40, cell(STREETS[1]): 40, source: 80},
    ]
    knowledge = Knowledge({POLICY: ["needs_evidence"]}, STREETS[:4], (), {INSURANCE: [POLICY]})
    bounds = attack(snapshots, knowledge, [(1, cell(street)) for street in STREETS[:4]])
    assert [bounds[1, cell(street)] for street in STREETS[:2]] == [(40, 44)] * 2
    assert [bounds[1, cell(street)] for street in STREETS[2:4]] == [(0, ANYTHING)] * 2, "either may be the withheld one"


def test_a_withheld_street_that_empties_is_not_told(run: Run, tmp_path: Path) -> None:
    """The people of the withheld street go to the two that are published and become insured; those who wait are fewer than before."""
    people = people_by_street({STREETS[0]: 32, STREETS[1]: 32, STREETS[2]: 32, STREETS[3]: 2})
    at = begin(run, tmp_path, people)
    snapshots = [snapshot(run, at, "2026-10-01", tmp_path / "1.duckdb")]
    shut = next(street for street in STREETS[:3] if cell(street) not in snapshots[0])
    there = [person for person, street in people.items() if street == shut]
    published = [street for street in STREETS[:3] if street != shut]
    movers = dict.fromkeys(there[:8], published[0]) | dict.fromkeys(there[8:16], published[1])
    run("2026-10-05", *at, "ingest", "hukou", register(tmp_path / "2.csv", "2026-10-05", movers))
    insured = tmp_path / "insured.csv"
    with insured.open("w", encoding="gb18030", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["enrolment_no", "id_number", "status", "scheme", "valid_from", "valid_to", "changed_at"])
        rows.writerows([f"E{person}", number(person), "active", "resident", "2026-10-01", "", "2026-10-05"] for person in there[16:31])
    run("2026-10-05", *at, "ingest", "medical_insurance", str(insured))
    snapshots.append(snapshot(run, at, "2026-10-05", tmp_path / "2.duckdb"))

    after = dict.fromkeys(STREETS, 0) | {shut: 1, STREETS[3]: 2, published[0]: 40, published[1]: 40}
    truth = {(1, cell(street)): count for street, count in after.items()}
    bounds = attack(snapshots, KNOWN, list(truth))
    assert all(least <= truth[item] <= most for item, (least, most) in bounds.items())
    assert [item for item, (least, most) in bounds.items() if truth[item] < 10 and (least == most or most < 10)] == []


@pytest.mark.parametrize(("is_in_half", "figure"), [(False, None), (True, 240)])
def test_sums_of_whole_lists_count_the_half_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_in_half: bool, figure: int | None
) -> None:
    """Of 120 who wait and who came with the policy, nobody is counted where the half is empty, and all twice where it is everybody."""
    monkeypatch.setattr(SecretOrder, "in_half", lambda order, subject: is_in_half)
    at = begin(run, tmp_path, people_by_street({STREETS[0]: 120}))
    run("2026-11-01", *at, "tick", "--yes")

    snapshots = snapshot(run, at, "2026-11-01", tmp_path / "1.duckdb")

    assert [snapshots.get(("waiting", *source)) for source in (INSURANCE, PENSION)] == [figure, figure]
    assert snapshots.get(("changes", POLICY, "publication", "2026-10")) == figure


def test_a_list_that_comes_and_goes_is_not_counted_again(run: Run, tmp_path: Path) -> None:
    """Seven people; ten times in a month their list goes and comes back. Each counts once for a cause, and seven are too few to be published."""
    at = begin(run, tmp_path, people_by_street({STREETS[0]: 7}))
    draft = tmp_path / "putuo" / "policies" / f"{POLICY}.yaml"
    text, two = draft.read_text("utf-8"), ["--by", "王芳", "--approved-by", "李强", "--yes"]
    for version in range(2, 12):
        run("2026-10-02", *at, "policy", "withdraw", POLICY, *two, "--reason", "x")
        draft.write_text(text.replace("version: 1", f"version: {version}", 1), "utf-8")
        run("2026-10-02", *at, "policy", "publish", str(draft), *two)
    run("2026-11-01", *at, "tick", "--yes")

    snapshots = snapshot(run, at, "2026-11-01", tmp_path / "1.duckdb")

    assert [cell for cell in snapshots if cell[0] == "changes"] == []


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        ([None, 10, 10], [(0, 13), (10, 14), (0, 19)]),
        ([40, 40], [(35, 44), (31, 49)]),
        ([20, 10, 10, 20], [(15, 24), (0, 10), (0, 19), (20, 24)]),
        ([30, 40, 30], [(25, 34), (40, 44), (25, 30)]),
        ([None, 20], [(0, 18), (15, 24)]),
    ],
)
def test_what_a_figure_stands_for(snapshots: Sequence[int | None], expected: Sequence[Range]) -> None:
    """The examples of the page: 40 is 35 to 44 at first and 31 to 49 later; 10 is 10 to 14 at first and 0 to 19 later."""
    assert ranges(snapshots) == expected
