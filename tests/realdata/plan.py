"""What becomes of every row of the two folders: split into feeds by column, and a *fate* for each record.

The fate is decided first (kept, blank, broken, gone, lost), and the deliveries are made so that they end in it. The one query reads only the
original files and the fates, so it does not repeat how versions, deletions and replacements are resolved.

| fate | what the deliveries end in |
|---|---|
| kept | the row of the original file |
| blank | a record whose columns of ``BLANK`` are empty cells |
| broken | a row that fails its contract (a code -9, an amount below the least, no number): quarantined; its subject and its link can be read |
| gone | a deletion, or a full replacement that does not hold it |
| lost | cut off with the end of a truncated feed: never delivered |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).parent
DATA = Path(os.environ.get("HUIMIN_DATA") or HERE.parents[2] / "shared" / "data")
FOLDERS = ("bayarea", "detroit")
AS_OF = date(2026, 10, 15)
DISTRICT = "310107"
PRIVATE = DISTRICT + "016"
"""The street whose private school is a second source of ``schooling``."""

BLANK = {
    "hukou": ("birth_date", "division"), "household": ("size", "division"), "dwelling": ("building",), "employment": ("status", "hours"),
    "schooling": ("grade",), "means": ("income",), "family": ("children",), "vehicle": ("kind",), "income": ("earns", "poverty"),
    "civil": ("marital",), "tenancy": ("tenure",), "work": ("industry",), "service": ("duty",),
}  # fmt: skip
BAD = {
    "hukou": ("birth_date", "unknown"), "household": ("size", "-9"), "dwelling": ("building", "-9"), "employment": ("hours", "n/a"),
    "schooling": ("grade", "-9"), "means": ("income", "12.345"), "family": ("children", "-8"), "vehicle": ("kind", "?"), "income": ("earns", "-1"),
    "civil": ("marital", "-9"), "tenancy": ("tenure", "-9"), "work": ("industry", "-9"), "service": ("duty", "-9"),
}  # fmt: skip
"""A cell that breaks the contract, by feed."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one source of a feed. ``frame``: id and n (of the subject's how-manyeth record), fate, then the cells as text."""

    feed: str
    source: int
    subject: str
    key: str
    frame: pl.DataFrame

    @property
    def cells(self) -> list[str]:
        """The columns of a delivered file, but for the order and the mark of a deletion."""
        return self.frame.columns[3:]

    @property
    def contents(self) -> list[str]:
        """The cells that versions of one key may differ in; where the key is not the subject's own, the subject is one of them."""
        return [c for c in self.cells if c != self.key]


def zone(code: int) -> str:
    """A zone of the sample as a street of the district."""
    return f"{DISTRICT}{code if code < 100 else code - 2099:03d}"


def plan(folder: str) -> list[Rows]:
    """Every source's rows, with their fates; the same every time."""
    persons, households = (pl.read_csv(DATA / folder / f"{name}.csv.gz", infer_schema_length=None) for name in ("persons", "households"))
    split = _bayarea(persons, households) if folder == "bayarea" else _detroit(persons, households)
    rng = np.random.default_rng(20261015)
    return [Rows(feed, source, subject, key, _with_fates(feed, frame, rng)) for feed, source, subject, key, frame in split]


Split = list[tuple[str, int, str, str, pl.DataFrame]]


def _bayarea(persons: pl.DataFrame, households: pl.DataFrame) -> Split:
    p = persons.rename({"PERID": "id"}).join(households.select(household_id="HHID", zone="TAZ"), on="household_id").with_columns(_street())
    h = households.rename({"HHID": "id"}).with_columns(pl.col("TAZ").alias("zone")).with_columns(_street())
    relation = _code_words("RELATE", {1: "head", 2: "spouse", 3: "child", 4: "child", 5: "child", 6: "other", 7: "parent"}, "other")
    esr = _code_words("ESR", {1: "employed", 2: "absent", 3: "unemployed", 4: "forces", 5: "forces", 6: "outside"})
    marital = _code_words("MSP", {1: "married", 2: "apart", 3: "widowed", 4: "divorced", 5: "separated", 6: "single"})
    family = _code_words("HHT", {1: "married", 2: "male_head", 3: "female_head", 4: "alone", 5: "non_family", 6: "alone", 7: "non_family"})
    building = _code_words(
        "BLDGSZ", {1: "house", 2: "house", 3: "house", 4: "small", 5: "small", 6: "small", 7: "block", 8: "block", 9: "block", 10: "house"}
    )
    return [
        *_registers(p, h, relation, h.select("id", "street", size="PERSONS", building=building)),
        ("employment", 0, "person_no", "person_no", _one_record(p.filter(pl.col("ESR") > 0), "person", status=esr, hours=_text("HOURS"))),
        *_schooling(p, "GRADE"),
        ("income", 0, "person_no", "person_no", _one_record(p, "person", earns=_text("EARNS"), poverty=_text_or_empty("POVERTY"), bad=pl.col("EARNS") < 0)),
        ("civil", 0, "person_no", "person_no", _one_record(p, "person", marital=marital)),
        ("means", 0, "household_no", "household_no", _one_record(h, "household", income=_text("income") + ".00")),
        ("family", 0, "household_no", "household_no", _one_record(h, "household", children=_text("NOC"), type=family)),
        ("vehicle", 0, "household_no", "plate", _each(h, "VEHICL", "household", "plate", kind=pl.lit("car"))),
        ("tenancy", 0, "household_no", "contract_no", _each(h.filter(pl.col("TENURE") > 0).with_columns(one=1), "one", "household", "contract_no",
            tenure=_code_words("TENURE", {1: "mortgage", 2: "owned", 3: "rented", 4: "free"}))),
    ]  # fmt: skip


def _detroit(persons: pl.DataFrame, households: pl.DataFrame) -> Split:
    whole = pl.selectors.float().cast(pl.Int64)
    h = households.rename({"household_id": "id"}).with_columns(whole).with_columns(pl.col("taz").alias("zone")).with_columns(_street())
    p = persons.rename({"person_id": "id"}).with_columns(whole).join(h.select("street", "zone", household_id="id"), on="household_id")
    relation = _code_words("relate", {0: "head", 1: "spouse", 2: "child", 3: "child", 4: "child", 6: "parent"}, "other")
    has_code = (pl.col("id") % 2 == 1) & (pl.col("esr") == -9)  # one clerk writes the code, another leaves the cell empty
    esr = _code_words("esr", {1: "employed", 2: "absent", 3: "unemployed", 6: "outside"})
    status = pl.when(has_code).then(pl.lit("-9")).otherwise(esr)
    family = _code_words("hht", {1: "married", 2: "male_head", 3: "female_head", 4: "alone", 5: "non_family", 6: "alone", 7: "non_family"})
    childless = (pl.col("children") == -9) & (pl.col("id") % 7 == 0)
    children = pl.when(childless).then(pl.lit("-9")).otherwise(_text_or_empty("children", 0))
    building = _code_words("type", {1: "house", 3: "quarters"})
    duty = _code_words("mil", {2: "reserve_active", 3: "past", 4: "none"})
    work = p.filter(pl.col("industry") >= 0).with_columns(one=1)
    return [
        *_registers(p, h, relation, h.select("id", "street", size="persons", building=building)),
        ("employment", 0, "person_no", "person_no", _one_record(p, "person", status=status, hours=_text_or_empty("wkhp", 0), bad=has_code)),
        *_schooling(p, "schg"),
        ("work", 0, "person_no", "contract_no", _each(work, "one", "person", "contract_no", industry=_text("industry"))),
        ("service", 0, "person_no", "person_no", _one_record(p, "person", duty=duty)),
        ("means", 0, "household_no", "household_no", _one_record(h, "household", income=_text("hincp"))),
        ("family", 0, "household_no", "household_no", _one_record(h, "household", children=children, type=family, bad=childless)),
        ("vehicle", 0, "household_no", "plate", _vehicles(h)),
    ]  # fmt: skip


def _registers(p: pl.DataFrame, h: pl.DataFrame, relation: pl.Expr, homes: pl.DataFrame) -> Split:
    """The registers of persons, households and dwellings; sex in Chinese on every other row."""
    label = pl.when(pl.col("id") % 2 == 0).then(pl.lit("男女")).otherwise(pl.lit(""))
    sex = pl.when(label != "").then(_code_words("sex", {1: "男", 2: "女"})).otherwise(_code_words("sex", {1: "male", 2: "female"}))
    birth_day = pl.struct("id", "age").map_elements(lambda r: birth_date(r["id"], r["age"]), pl.String)
    hukou = _one_record(
        p, "person", birth_date=birth_day, sex=sex, relation=relation, division=pl.col("street"), household_no=_name("household_id", "H")
    )
    household = _one_record(homes, "household", size=_text("size"), division=pl.col("street"), property_no=_name("id", "D"))
    dwelling = homes.select("id", n=0, bad=pl.lit(False), property_no=_name("id", "D"), division=pl.col("street"), building="building")
    return [
        ("hukou", 0, "person_no", "person_no", hukou),
        ("household", 0, "household_no", "household_no", household),
        ("dwelling", 0, "property_no", "property_no", dwelling),
    ]


def birth_date(id: int, age: int) -> str:
    """A date of birth of someone of this age today; every 365th has the birthday today."""
    day = date.fromordinal(AS_OF.toordinal() - id % 365)
    return day.replace(year=day.year - age).isoformat()


def _schooling(p: pl.DataFrame, grade: str) -> Split:
    """Enrolments: last school year's ended for one in eleven; the private school's own; one in twenty of those not asked written as -9."""
    has = p.filter((pl.col(grade) > 0) | ((pl.col(grade) == -9) & (pl.col("id") % 20 == 0))).with_columns(one=1)
    ended = pl.col("id") % 11 == 0
    first = pl.when(ended).then(pl.lit("2025-09-01")).otherwise(pl.lit("2026/9/1"))
    last = pl.when(ended).then(pl.lit("2026-06-30")).otherwise(None)
    private = (pl.col("street") == PRIVATE) & (pl.col("id") % 2 == 0)
    parts = enumerate((has.filter(~private), has.filter(private)))
    return [
        ("schooling", source, "person_no", "enrolment_no", _each(part, "one", "person", "enrolment_no", grade=_text(grade), first_day=first,
            last_day=last, bad=pl.col(grade) < 0))
        for source, part in parts
    ]  # fmt: skip


def _vehicles(h: pl.DataFrame) -> pl.DataFrame:
    """A record a car; one in five of those not asked is a row with the code for a kind."""
    asked = h.filter((pl.col("cars") > 0) | ((pl.col("cars") == -9) & (pl.col("id") % 5 == 0)))
    bad = pl.col("cars") < 0
    kind = pl.when(bad).then(pl.lit("-9")).otherwise(pl.lit("car"))
    return _each(asked.with_columns(many=pl.col("cars").clip(lower_bound=1)), "many", "household", "plate", kind=kind, bad=bad)


PREFIX = {"person": "P", "household": "H", "dwelling": "D"}


def _one_record(frame: pl.DataFrame, subject: str, bad: pl.Expr | None = None, **cells: pl.Expr) -> pl.DataFrame:
    own = {f"{subject}_no": _name("id", PREFIX[subject])}
    return frame.select("id", n=0, bad=pl.lit(False) if bad is None else bad, **own, **cells)


def _each(frame: pl.DataFrame, times: str, subject: str, key: str, bad: pl.Expr | None = None, **cells: pl.Expr) -> pl.DataFrame:
    """As many records as a column says."""
    many = frame.with_columns(n=pl.int_ranges(0, pl.col(times))).explode("n")
    own = {f"{subject}_no": _name("id", PREFIX[subject]), key: _name("id", "K") + "-" + pl.col("n").cast(pl.String)}
    return many.select("id", "n", bad=pl.lit(False) if bad is None else bad, **own, **cells)


def _name(column: str, letter: str) -> pl.Expr:
    return pl.lit(letter) + pl.col(column).cast(pl.String)


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _text_or_empty(column: str, least: int = 1) -> pl.Expr:
    """The cell is empty where the code says that nobody asked."""
    return pl.when(pl.col(column) >= least).then(_text(column))


def _code_words(column: str, words: dict[int, str], default: str | None = None) -> pl.Expr:
    return pl.col(column).replace_strict(words, default=default, return_dtype=pl.String)


def _street() -> pl.Expr:
    return pl.col("zone").map_elements(zone, pl.String).alias("street")


def _with_fates(feed: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows with their fate in the third column, the cells of blank and broken ones as they will be delivered."""
    draw = rng.random(len(frame))
    fate = np.select([draw < 0.015, draw < 0.030, draw < 0.042], ["gone", "blank", "broken"], "kept")
    fate = np.where(frame["bad"].to_numpy() & (fate != "gone"), "broken", fate)
    result = frame.with_columns(bad=pl.Series(fate)).rename({"bad": "fate"})
    column, cell = BAD[feed]
    is_drawn = pl.Series((fate == "broken") & ~frame["bad"].to_numpy())
    result = result.with_columns(pl.when(is_drawn).then(pl.lit(cell)).otherwise(pl.col(column)).alias(column))
    return result.with_columns(pl.when(pl.col("fate") != "blank").then(pl.col(c)).alias(c) for c in BLANK[feed])
