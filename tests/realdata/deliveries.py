"""The files that units send: parts of each feed in a shuffled order of rows, with everything that goes wrong on the way.

One row of each record is the version that decides; every other version must lose: an older one with another subject's cells in another file;
one of the same order in an earlier file, or higher up in the same file; one without an order in an earlier file; a deletion that is older, or
arrives before its row; the same row twice.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from tests.realdata.coverage import FRESH, Statement, feed_statements, is_cut_off
from tests.realdata.plan import BAD, Rows

PARTS = 4
GHOSTS = 40
BY_DELIVERY = {"dwelling"}
REPLACED = {"tenancy"}
"""Feeds that are delivered whole a second time."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file: the ``number``th delivery of its source, under the unit's own name."""

    feed: str
    source: int
    number: int
    name: str
    path: Path
    rows: int
    replaces: bool


@dataclass(slots=True)
class Deliveries:
    """All files of a folder, fates as they came out, and the coverage statements (``path``) with the lists of subjects beside them."""

    parts: list[Part] = field(default_factory=list)
    fates: list[pl.DataFrame] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    looked_up: list[int] = field(default_factory=list)
    facts: dict[str, Counter[str]] = field(default_factory=dict)
    coverage: Path = Path()


def write(plans: list[Rows], streets: dict[int, str], folder: Path) -> Deliveries:
    """Writes every file.

    Args:
        streets: of every person, by id.
    """
    rng = np.random.default_rng(310107)
    out = Deliveries()
    for rows in plans:
        delivered = _cut_streets(rows, streets, rng) if rows.feed == "employment" else rows
        versions, facts = _replacement_versions(delivered, rng) if delivered.feed in REPLACED else _versions(delivered, rng)
        out.facts[f"{rows.feed}.{rows.source}"] = facts
        out.fates.append(delivered.frame.select(pl.lit(delivered.feed).alias("feed"), "id", pl.col("n").cast(pl.Int64), "fate"))
        out.parts += _files(delivered, versions, folder, rng)
    _state(out, streets, folder)
    return out


def _cut_streets(rows: Rows, streets: dict[int, str], rng: np.random.Generator) -> Rows:
    """Some streets' rows are cut off: half of them never come."""
    cut = np.array([is_cut_off(streets[id]) for id in rows.frame["id"].to_list()]) & (rng.random(len(rows.frame)) < 0.5)
    frame = rows.frame.with_columns(fate=pl.when(pl.Series(cut)).then(pl.lit("lost")).otherwise("fate"))
    return Rows(rows.feed, rows.source, rows.subject, rows.key, frame)


def _versions(rows: Rows, rng: np.random.Generator) -> tuple[pl.DataFrame, Counter[str]]:
    """Every row of every file: the cells, changed_at (a number), deleted, part, and ``top`` for what stands above the rest of its file."""
    frame = rows.frame.filter(pl.col("fate") != "lost")
    n, by_delivery = len(frame), rows.feed in BY_DELIVERY
    parts = rng.integers(2, PARTS, n)  # the deciding rows; room before and behind
    order = rng.integers(100, 900, n)
    right = frame.select(rows.cells).with_columns(
        changed_at=pl.Series(order), deleted=pl.lit(None, pl.String), part=pl.Series(parts), top=False
    )
    wrong = _of_others(rows, right)
    differs = _differ(rows, right, wrong)
    draw, is_deleted = rng.random(n), (frame["fate"] == "gone").to_numpy()
    sends: list[pl.DataFrame] = []
    facts: Counter[str] = Counter(keys=n)

    def add(what: str, selection: np.ndarray, versions: pl.DataFrame, part: np.ndarray, at: np.ndarray | None, top: bool = False) -> None:
        extra = versions.with_columns(
            part=pl.Series(part), changed_at=pl.lit(None, pl.Int64) if at is None else pl.Series(at), top=pl.lit(top)
        ).filter(pl.Series(selection))
        sends.append(extra)
        facts[what] += len(extra)
        facts["in conflict"] += int((selection & differs & (part != parts)).sum()) if versions is wrong and at is not None else 0

    older = order - rng.integers(1, 50, n)
    other = (parts - 1 + rng.integers(1, PARTS, n)) % PARTS + 1  # any part but its own
    earlier = np.array([rng.integers(1, p) for p in parts])
    deletion = right.with_columns(deleted=pl.lit("1"), **{c: pl.lit(None, pl.String) for c in rows.contents if c != rows.subject})
    invalid = right.with_columns(pl.lit(BAD[rows.feed][1]).alias(BAD[rows.feed][0]))
    add("conflicting", differs & (rng.random(n) < 0.08 / differs.mean()), wrong, earlier if by_delivery else other, older)
    add("corrected", (draw >= 0.08) & (draw < 0.09), invalid, earlier if by_delivery else other, older)
    add("tied in an earlier file", (draw >= 0.10) & (draw < 0.12), wrong, earlier, order)
    add("tied in the same file", (draw >= 0.12) & (draw < 0.13), wrong, parts, order, top=True)
    add("overtaken deletions", (draw >= 0.13) & (draw < 0.15), deletion, earlier if by_delivery else other, older)
    add("twice", (draw >= 0.15) & (draw < 0.18) & ~is_deleted, right, parts if by_delivery else other, order)
    if not by_delivery:
        add(
            "without order, sent again since", (draw >= 0.18) & (draw < 0.20) & (frame["fate"] != "broken").to_numpy(), wrong, earlier, None
        )
    add("deletions before", is_deleted, deletion, np.full(n, PARTS) if by_delivery else earlier, order + 1)
    return pl.concat([right, *sends], how="vertical_relaxed"), facts


def _of_others(rows: Rows, right: pl.DataFrame) -> pl.DataFrame:
    """The rows with the cells of others, as unlike their own as the feed allows: half-way round in the order of what is asked most."""
    place = (
        right.select(*(pl.col(c) for c in rows.contents[::-1]))
        .with_row_index("i")
        .sort(rows.contents[::-1], nulls_last=True)["i"]
        .to_numpy()
    )
    partner = np.empty(len(right), np.int64)
    partner[place] = np.roll(place, len(right) // 2)
    return right.with_columns(right[c][partner].alias(c) for c in rows.contents)


def _differ(rows: Rows, right: pl.DataFrame, wrong: pl.DataFrame) -> np.ndarray:
    """Where two versions do not say the same."""
    apart = [right[c].ne_missing(wrong[c]).to_numpy() for c in rows.contents]
    differ: np.ndarray = np.logical_or.reduce(apart)
    return differ


def _replacement_versions(rows: Rows, rng: np.random.Generator) -> tuple[pl.DataFrame, Counter[str]]:
    """A first delivery with other cells and records that never were, then everything again as a full replacement; of what the replacement
    holds it counts, also where its order is before that of the first delivery."""
    frame, n = rows.frame, len(rows.frame)
    right = frame.select(rows.cells).with_columns(changed_at=pl.lit(500), deleted=pl.lit(None, pl.String), part=pl.lit(2), top=False)
    is_deleted = (frame["fate"] == "gone").to_numpy()
    backwards = rng.random(n) < 0.5
    first = _of_others(rows, right).with_columns(part=pl.lit(1), changed_at=pl.Series(np.where(backwards, 900, 400)))
    differs = _differ(rows, right, first)
    first_rows = first.filter(pl.Series(is_deleted | (differs & (rng.random(n) < 0.3))))
    ghosts = first_rows.head(GHOSTS).with_columns((pl.lit("G") + pl.col(rows.key)).alias(rows.key))
    second = right.filter(pl.Series(~is_deleted))
    facts = Counter({"keys": n, "in conflict": len(first_rows), "withdrawn by a replacement": int(is_deleted.sum()) + GHOSTS})
    return pl.concat([first_rows, ghosts, second], how="vertical_relaxed"), facts


def _files(rows: Rows, versions: pl.DataFrame, folder: Path, rng: np.random.Generator) -> list[Part]:
    files = []
    for number in sorted(versions["part"].unique().to_list()):
        of_part = versions.filter(pl.col("part") == number).with_columns(draw=pl.Series(rng.random((versions["part"] == number).sum())))
        table = of_part.sort(~pl.col("top"), "draw").select(*rows.cells, changed_at=_order(rows.feed), deleted="deleted")
        name = f"{rows.feed}-{rows.source}-{number}"
        path = folder / (f"{name}.csv.gz" if rows.feed == "means" else f"{name}.csv")
        data = table.write_csv().encode("gb18030" if rows.feed == "hukou" else "utf-8-sig" if rows.feed == "family" else "utf-8")
        path.write_bytes(gzip.compress(data, 1) if path.suffix == ".gz" else data)
        files.append(Part(rows.feed, rows.source, number, name, path, len(table), rows.feed in REPLACED and number == 2))
    return files


def _order(feed: str) -> pl.Expr:
    """A time in the registers of people, a counter elsewhere."""
    if feed != "hukou":
        return pl.col("changed_at").cast(pl.String)
    return (pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("changed_at"))).dt.strftime("%Y-%m-%d %H:%M:%S")


def _state(out: Deliveries, streets: dict[int, str], folder: Path) -> None:
    """The statements of every feed, and an answer for a list of people of the streets that were cut off."""
    all_streets = sorted(set(streets.values()))
    for feed in dict.fromkeys(part.feed for part in out.parts):
        rows = {part.name: part.rows for part in out.parts if part.feed == feed and part.source == 0}
        out.statements += feed_statements(feed, all_streets, rows)
    lost = {
        id
        for fates in out.fates
        for id, fate in fates.filter(pl.col("feed") == "employment").select("id", "fate").iter_rows()
        if fate == "lost"
    }
    out.looked_up = [id for id in sorted(streets) if is_cut_off(streets[id]) and id not in lost][::20]
    pl.DataFrame({"person_no": [f"P{id}" for id in out.looked_up]}).write_csv(folder / "answer.csv")
    answer = {
        "format": 1, "statement": "answer-1", "feed": "employment", "unit": "labour", "subjects": "answer.csv", "complete_to": FRESH.isoformat()
    }  # fmt: skip
    out.coverage = folder / "coverage.jsonl"
    lines = [statement.line for statement in out.statements] + [answer]
    out.coverage.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
