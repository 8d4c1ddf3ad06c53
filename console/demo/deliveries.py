"""The made-up records as units deliver them: files in two encodings, some of them compressed, with the flaws of real files.

Huimin must handle every flaw without help: repeated rows, an older file that comes late, two versions of one record, identity numbers with
a wrong check digit, dates that do not exist, and a unit that never states its coverage.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from policies.values import Text
from streams.disk.files import make_folder, replacing, write_whole

YICHUAN = "310107020"


@dataclass(frozen=True, slots=True)
class DeliveryFile:
    """One file of one unit, and what is wrong with it."""

    feed: str
    unit: str
    path: Path
    rows: int
    note: Text


def opening(frames: Mapping[str, pl.DataFrame], folder: Path, seed: int, formats: Mapping[str, str]) -> list[DeliveryFile]:
    """The first deliveries: all records of the district's units, written as files.

    Args:
        formats: by feed, ``xlsx`` or the encoding its contract asks for.

    Returns:
        The files, in the order in which they arrive.
    """
    rng = np.random.default_rng(seed + 1)
    write = _Writer(folder, formats)
    hukou, occupancy = frames["hukou"], frames["occupancy"]
    streets = frames["dwelling"].select("property_no", "division")
    in_yichuan = occupancy.join(streets, on="property_no", how="left", maintain_order="left")["division"].eq(YICHUAN).fill_null(False)
    write("dwelling", "putuo-housing", frames["dwelling"])
    write("household", "putuo-psb", frames["household"])
    spoilt = Text("有重复行、错误号码、不存在的日期", "rows twice, wrong numbers, impossible dates")
    write("hukou", "putuo-psb", _twice(_with_flaws(hukou, rng), 0.005, rng), spoilt)
    write("hukou", "putuo-psb", _older(hukou, 0.06, rng), Text("旧版本，迟到，压缩", "older versions, late, packed"), "hukou-late.csv.gz")
    write("medical_insurance", "putuo-medical-insurance", frames["medical_insurance"])
    write("pension", "putuo-social-security", frames["pension"], Text("缺部分金额", "some amounts missing"))
    write(
        "income",
        "putuo-civil-affairs",
        _with_older_versions(frames["income"], 0.05, rng),
        Text("同一人两个版本", "two versions of one record"),
    )
    write("social_assistance", "putuo-civil-affairs", frames["social_assistance"])
    write("elderly_allowance", "putuo-civil-affairs", frames["elderly_allowance"])
    write("relocation", "putuo-housing", _twice(frames["relocation"], 0.03, rng), Text("有重复行", "rows twice"))
    write("occupancy", "putuo-housing", occupancy.filter(~in_yichuan))
    silent = Text("该单位从不声明覆盖", "this unit never declares coverage")
    write("occupancy", "yichuan-street", occupancy.filter(in_yichuan), silent, "occupancy-yichuan")
    return write.files


def next_day(frames: Mapping[str, pl.DataFrame], folder: Path, seed: int, today: date, formats: Mapping[str, str]) -> list[DeliveryFile]:
    """The deliveries of one day: enrolments, corrected incomes, moves, notices."""
    rng = np.random.default_rng(seed + 2)
    day = today + timedelta(days=1)
    write = _Writer(folder, formats)
    elderly = frames["hukou"].filter(pl.col("出生日期") < date(today.year - 70, today.month, 1))
    uninsured = elderly.join(frames["medical_insurance"], on="id_number", how="anti", maintain_order="left")
    enrolled = _part(uninsured, 0.12, rng)
    write(
        "medical_insurance",
        "putuo-medical-insurance",
        _enrolments(enrolled, day),
        Text("新参保", "new enrolments"),
        "medical_insurance-day",
    )
    incomes = _part(frames["income"], 0.004, rng)
    cents = pl.Series(rng.integers(60_000, 900_000, incomes.height))
    amounts = (cents // 100).cast(pl.String) + "." + (cents % 100).cast(pl.String).str.zfill(2)
    incomes = incomes.with_columns(monthly_income=amounts, changed_at=pl.lit(day))
    write("income", "putuo-civil-affairs", incomes, Text("更正的收入", "corrected incomes"), "income-day")
    moved = _part(frames["occupancy"].filter(pl.col("relation_to_tenant") == "unrelated"), 0.05, rng)
    out = moved.with_columns(moved_out=pl.lit(today), changed_at=pl.lit(day))
    write("occupancy", "putuo-housing", out, Text("搬离", "moved out"), "occupancy-day")
    write("relocation", "putuo-housing", _notices(frames["dwelling"], day, rng), Text("新动迁通知", "new notices"), "relocation-day")
    return write.files


PLAIN = Text("", "")


class _Writer:
    """Writes files into a folder, each in the format of its contract, and lists them in ``files``."""

    def __init__(self, folder: Path, formats: Mapping[str, str]) -> None:
        self.folder, self.formats, self.files = folder, formats, list[DeliveryFile]()
        make_folder(folder)

    def __call__(self, feed: str, unit: str, frame: pl.DataFrame, note: Text = PLAIN, name: str = "") -> None:
        how = self.formats[feed]
        name = name or feed
        path = self.folder / (name if "." in name else f"{name}.{'xlsx' if how == 'xlsx' else 'csv'}")
        if how == "xlsx":
            with replacing(path) as part:
                frame.with_columns(pl.col(pl.Date).dt.to_string("%Y-%m-%d")).write_excel(part, autofilter=False, table_style=None)
        else:
            content = frame.write_csv(None).encode(how)
            write_whole(path, gzip.compress(content, compresslevel=1, mtime=0) if path.suffix == ".gz" else content)
        self.files.append(DeliveryFile(feed, unit, path, frame.height, note))


def _part(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """A random share of the rows, at least two, in their order."""
    picked = np.sort(rng.choice(frame.height, max(int(frame.height * share), min(frame.height, 2)), replace=False))
    rows: pl.DataFrame = frame[picked.tolist()]
    return rows


def _twice(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """The frame with some of its rows repeated at the end."""
    return pl.concat([frame, _part(frame, share, rng)])


def _older(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Versions of some rows from two years before, in another street."""
    return _part(frame, share, rng).with_columns(
        pl.col("changed_at").dt.offset_by("-2y"), division=pl.lit("310107005"), hukou_since=pl.lit(date(2001, 5, 1))
    )


def _with_older_versions(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """The frame with older versions of some rows at its end."""
    before = _part(frame, share, rng).with_columns(pl.col("changed_at").dt.offset_by("-3mo"), monthly_income=pl.lit("99999.00"))
    return pl.concat([frame, before])


def _with_flaws(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The frame with flaws: 1 in 4,000 check digits wrong, 1 in 1,000 dates impossible, some numbers with a lower-case x."""
    n = frame.height
    wrong, never, lower = (pl.Series(rng.random(n) < share) for share in (1 / 4000, 1 / 1000, 1 / 50))
    id_number, birth_date = pl.col("id_number"), pl.col("出生日期").dt.to_string("%Y-%m-%d")
    digit = (id_number.str.slice(16, 1).cast(pl.Int8) + 1) % 10
    return frame.with_columns(
        id_number=pl.when(wrong)
        .then(id_number.str.head(16) + digit.cast(pl.String) + id_number.str.tail(1))
        .when(lower)
        .then(id_number.str.to_lowercase())
        .otherwise(id_number),
        出生日期=pl.when(never).then(pl.lit("1948-02-30")).otherwise(birth_date),
    )


def _enrolments(people: pl.DataFrame, day: date) -> pl.DataFrame:
    return people.select(
        enrolment_no=pl.lit("YBN") + pl.int_range(pl.len()).cast(pl.String).str.zfill(6),
        id_number="id_number",
        status=pl.lit("正常"),
        scheme=pl.lit("居民"),
        valid_from=pl.lit(day),
        valid_to=pl.lit(None, dtype=pl.Date),
        changed_at=pl.lit(day),
    )


def _notices(dwellings: pl.DataFrame, day: date, rng: np.random.Generator) -> pl.DataFrame:
    return _part(dwellings.filter(pl.col("division") == "310107022"), 0.03, rng).select(
        notice_no=pl.lit("DQN") + pl.int_range(pl.len()).cast(pl.String).str.zfill(6),
        property_no="property_no",
        line=pl.lit("L15"),
        notice_date=pl.lit(day),
        changed_at=pl.lit(day),
    )
