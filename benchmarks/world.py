"""A synthetic district as record batches: 1.35 M residents, 500,000 households, 520,000 dwellings, eight feeds.

The columns of integers come straight from a seeded generator, so the core is measured and not the making of text. Rows are shuffled per
feed, as deliveries are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np

from connectors.contracts.catalogue import read_catalogue
from matchers.kernel.batch import MISSING, OPEN_FROM, OPEN_TO, RecordBatch
from matchers.kernel.thresholds import days
from matchers.matrix.coverage import Statement
from policies.language.catalogue import Catalogue, FieldType

DAY = date(2026, 10, 15)
STREETS = tuple(f"310107{street}" for street in ("005", "014", "015", "016", "017", "020", "021", "022", "102", "103"))
FEEDS = ("hukou", "household", "dwelling", "income", "medical_insurance", "pension", "occupancy", "relocation")


def library() -> Path:
    """The folder of the shipped policies and contracts."""
    return Path(str(resources.files("policies") / "library"))


def catalogue() -> Catalogue:
    folder = library()
    contracts = {name: (folder / "feeds" / f"{name}.yaml").read_text("utf-8") for name in FEEDS}
    return read_catalogue((folder / "units.yaml").read_text("utf-8"), contracts)


@dataclass(slots=True)
class District:
    """Columns by feed: ``values`` encoded as in the matrix (divisions as positions in STREETS, line as position in LINES)."""

    persons: int
    household_of: np.ndarray
    dwelling_of: np.ndarray  # of each household
    tokens: dict[str, np.ndarray]  # by kind
    street: np.ndarray  # of each dwelling
    columns: dict[str, dict[str, np.ndarray]]


LINES = ("L15", "L20")


def _tokens(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(1, 2**64, n, dtype=np.uint64)


def make(persons: int, seed: int = 1) -> District:
    """A district in the proportions of 1.35 M residents to 500,000 households and 520,000 dwellings."""
    rng = np.random.default_rng(seed)
    households, dwellings = persons * 50 // 135, persons * 52 // 135
    household_of = np.sort(np.concatenate([np.arange(households), rng.integers(0, households, persons - households)]))
    dwelling_of = rng.permutation(dwellings)[:households]
    street = rng.integers(0, len(STREETS), dwellings)
    today = days(DAY)
    birth_days = today - rng.integers(0, 95 * 365, persons)
    size = np.bincount(household_of, minlength=households)
    columns: dict[str, dict[str, np.ndarray]] = {}
    columns["hukou"] = {
        "subject": np.arange(persons),
        "birth_date": np.where(rng.random(persons) < 0.005, MISSING, birth_days),
        "sex": rng.integers(0, 2, persons),
        "relation": rng.integers(0, 6, persons),
        "hukou_since": np.minimum(today, birth_days + rng.integers(0, 60 * 365, persons)),
        "division": street[dwelling_of[household_of]],
        "link": household_of,
    }
    columns["household"] = {
        "subject": np.arange(households),
        "division": street[dwelling_of],
        "size": np.minimum(size, 99),
        "link": dwelling_of,
    }
    columns["dwelling"] = {
        "subject": np.arange(dwellings), "division": street, "layout": rng.integers(0, 3, dwellings), "area": rng.integers(2000, 20000, dwellings),
    }  # fmt: skip
    earning = np.flatnonzero(rng.random(persons) < 0.62)
    columns["income"] = {"subject": earning, "monthly_income": rng.integers(0, 1_500_000, len(earning))}
    insured = np.concatenate([np.flatnonzero(rng.random(persons) < 0.9), rng.integers(0, persons, persons // 12)])
    columns["medical_insurance"] = {"subject": insured, "status": rng.choice(3, len(insured), p=[0.92, 0.04, 0.04]), "scheme": rng.integers(0, 3, len(insured)),
                                    "from": today - rng.integers(0, 9000, len(insured)), "to": np.where(rng.random(len(insured)) < 0.1, today + rng.integers(-30, 400, len(insured)), OPEN_TO)}  # fmt: skip
    pensioners = np.flatnonzero((birth_days < today - 60 * 365) & (rng.random(persons) < 0.9))
    columns["pension"] = {
        "subject": pensioners,
        "amount": rng.integers(100_000, 900_000, len(pensioners)),
        "from": today - rng.integers(0, 9000, len(pensioners)),
        "to": np.full(len(pensioners), OPEN_TO),
    }
    living = rng.integers(0, persons, persons // 3)
    columns["occupancy"] = {"subject": living, "relation_to_tenant": rng.integers(0, 3, len(living)), "link": rng.integers(0, dwellings, len(living)),
                            "from": today - rng.integers(0, 3000, len(living)), "to": np.full(len(living), OPEN_TO)}  # fmt: skip
    with_notice = rng.permutation(dwellings)[: dwellings // 40]
    columns["relocation"] = {
        "subject": with_notice,
        "line": rng.integers(0, 2, len(with_notice)),
        "notice_date": today - rng.integers(0, 1500, len(with_notice)),
    }
    for name, feed in columns.items():
        order = rng.permutation(len(feed["subject"]))
        columns[name] = {column: values[order] for column, values in feed.items()}
    tokens = {"person": _tokens(rng, persons), "household": _tokens(rng, households), "dwelling": _tokens(rng, dwellings)}
    return District(persons, household_of, dwelling_of, tokens, street, columns)


_LINK = {"hukou": ("household", "household"), "household": ("registered_at", "dwelling"), "occupancy": ("lives_at", "dwelling")}


def batch(
    catalogue: Catalogue, district: District, feed: str, rows: np.ndarray, columns: dict[str, np.ndarray], delivery: int, order: int
) -> RecordBatch:
    """Rows of a feed's columns as one batch; ``rows`` are record numbers and name the keys."""
    contract = catalogue.feeds[feed]
    n = len(rows)
    values: dict[str, np.ndarray] = {}
    dictionaries: dict[str, tuple[str, ...]] = {}
    for field in contract.matrix_fields():
        values[field.name] = columns.get(field.name, np.full(n, MISSING)).astype(np.int64)
        if field.type is FieldType.DIVISION:
            dictionaries[field.name] = STREETS
        elif field.type is FieldType.TEXT:
            dictionaries[field.name] = LINES
    links = {}
    for name in contract.links:
        links[name] = district.tokens[_LINK[feed][1]][columns["link"]]
    return RecordBatch(
        feed, 0, delivery, rows.astype(np.uint64) + np.uint64(1), district.tokens[contract.subject][columns["subject"]],
        np.full(n, order), np.arange(1, n + 1, dtype=np.int32), np.zeros(n, np.uint8),
        columns.get("from", np.full(n, OPEN_FROM)).astype(np.int32), columns.get("to", np.full(n, OPEN_TO)).astype(np.int32),
        links, values, dictionaries, np.zeros(n, np.uint64),
    )  # fmt: skip


def deliveries(catalogue: Catalogue, district: District, size: int = 100_000) -> Iterator[RecordBatch]:
    """Every feed as its first delivery, in batches."""
    for feed in FEEDS:
        columns = district.columns[feed]
        for start in range(0, len(columns["subject"]), size):
            part = {name: column[start : start + size] for name, column in columns.items()}
            yield batch(catalogue, district, feed, np.arange(start, start + len(part["subject"])), part, 1, days(DAY) - 30)


def statements(catalogue: Catalogue) -> list[Statement]:
    """Every source up to yesterday, but for one street's insurance."""
    out = []
    for feed in FEEDS:
        for source in range(len(catalogue.feeds[feed].sources)):
            if feed != "medical_insurance":
                out.append(Statement(feed, source, "310107", (), date(2026, 10, 14)))
    return out + [Statement("medical_insurance", 0, street, (), date(2026, 10, 14)) for street in STREETS[:-1]]


def changes(catalogue: Catalogue, district: District, n: int, delivery: int, seed: int) -> RecordBatch:
    """A batch of n random changes of one feed, chosen by the seed: new values for existing records, a few new records."""
    rng = np.random.default_rng(seed)
    feed = ("income", "medical_insurance", "pension", "hukou", "occupancy", "income", "medical_insurance", "income")[seed % 8]
    columns = district.columns[feed]
    rows = rng.integers(0, len(columns["subject"]), n)
    part = {name: column[rows].copy() for name, column in columns.items()}
    today = days(DAY)
    match feed:
        case "income":
            part["monthly_income"] = rng.integers(0, 1_500_000, n)
        case "medical_insurance":
            part["status"] = rng.integers(0, 3, n)
        case "pension":
            part["amount"] = rng.integers(100_000, 900_000, n)
        case "hukou":
            part["birth_date"] = today - rng.integers(0, 95 * 365, n)
        case _:
            part["relation_to_tenant"] = rng.integers(0, 3, n)
    return batch(catalogue, district, feed, rows, part, delivery, days(DAY) + delivery)
