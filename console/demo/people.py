"""The residents of the made-up district: households, ages, names and valid identity numbers, drawn as whole columns.

None of them exists. Names are combined from Faker's zh_CN lists; identity numbers are valid by GB 11643 but random.
Sources: GB 11643-1999 (check digit); GB/T 2260 (310107 Putuo and its ten streets and towns).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

DISTRICT = "310107"
STREETS: dict[str, str] = {
    "310107005": "曹杨新村街道",
    "310107014": "长风新村街道",
    "310107015": "长寿路街道",
    "310107016": "甘泉路街道",
    "310107017": "石泉路街道",
    "310107020": "宜川路街道",
    "310107021": "万里街道",
    "310107022": "真如镇街道",
    "310107102": "长征镇",
    "310107103": "桃浦镇",
}
WEIGHTS = (0.08, 0.12, 0.10, 0.08, 0.10, 0.09, 0.08, 0.11, 0.12, 0.12)
ON_THE_LINE = (5, 7, 9)
"""Positions of the streets under the works of metro line L15."""

BIRTHPLACES = ("310107", "310107", "310107", "310105", "310106", "310109", "330122", "340121", "360121", "350121")
"""Counties whose code never changed, so that every year of birth is valid with them."""
HOUSEHOLD_SIZES = (0.20, 0.26, 0.28, 0.15, 0.08, 0.03)
LAYOUTS = ("one_room", "two_room", "three_room")
CHECK_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECK_DIGITS = np.frombuffer(b"10X98765432", dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Residents:
    """The columns from which all feeds are drawn; days are counted from 1970-01-01."""

    id_number: pl.Series
    birth_day: Ints
    age: Ints
    male: Flags
    place: Ints  # position of the household
    size: Ints  # of their household
    rank: Ints  # 0 head, 1 spouse or second adult, then the others
    street: Ints
    local: Flags
    outside: Flags  # old, and neither insured nor with a pension


def household_sizes(residents: int, rng: np.random.Generator) -> Ints:
    """Number of persons in each household; their sum is ``residents``."""
    draws = 1 + rng.choice(len(HOUSEHOLD_SIZES), residents, p=HOUSEHOLD_SIZES)
    upto = np.cumsum(draws)
    last = int(np.searchsorted(upto, residents))
    sizes = draws[: last + 1].copy()
    sizes[last] -= upto[last] - residents
    return sizes


def residents_of(sizes: Ints, street: Ints, day: int, rng: np.random.Generator) -> Residents:
    """Members of each household: a head, a second adult of about the same age, then children, parents and others."""
    place = np.repeat(np.arange(len(sizes)), sizes)
    n = len(place)
    rank = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    head = np.clip(rng.normal(56, 17, len(sizes)), 22, 101)
    shift = np.select(
        [rank == 0, rank == 1, rank == 2],
        [np.zeros(n), rng.normal(0, 5, n), rng.normal(-29, 4, n)],
        default=np.where(rng.random(n) < 0.45, rng.normal(27, 4, n), rng.normal(-30, 6, n)),
    )
    years = np.clip(head[place] + shift, 0.01, 104)
    birth_day = (day - years * 365.25 - rng.integers(0, 365, n)).astype(np.int64)
    age = ((day - birth_day) / 365.2425).astype(np.int64)
    male = np.where(rank == 1, rng.random(n) < 0.35, rng.random(n) < 0.55)
    return Residents(
        id_number=id_numbers(birth_day, male, rng),
        birth_day=birth_day,
        age=age,
        male=male,
        place=place,
        size=sizes[place],
        rank=rank,
        street=street[place],
        local=rng.random(n) < 0.82,
        outside=(age >= 66) & (rng.random(n) < 0.04),
    )


def id_numbers(birth_day: Ints, male: Flags, rng: np.random.Generator) -> pl.Series:
    """Valid, distinct resident identity numbers: area, date, sequence (odd for men), check digit. Source: GB 11643-1999."""
    area = np.array(BIRTHPLACES, dtype="S6")[rng.integers(0, len(BIRTHPLACES), len(birth_day))]
    date_text = pl.Series(birth_day.astype(np.int32)).cast(pl.Date).dt.to_string("%Y%m%d").to_numpy().astype("S8")
    sequence = _rank_within(area, birth_day, male) * 2 + male
    front = np.char.add(np.char.add(area, date_text), np.char.zfill((sequence % 1000).astype("S4"), 3))
    digits = np.frombuffer(front.astype("S17").tobytes(), dtype=np.uint8).reshape(-1, 17) - 48
    last = CHECK_DIGITS[(digits @ CHECK_WEIGHTS) % 11].reshape(-1, 1)
    full = np.hstack([digits + 48, last]).astype(np.uint8).tobytes()
    return pl.Series("id_number", np.frombuffer(full, dtype="S18").astype("U18").tolist(), dtype=pl.String)


def _rank_within(area: npt.NDArray[np.bytes_], birth_day: Ints, male: Flags) -> Ints:
    """Position of each person among those of the same area, date and sex, so that numbers are unique."""
    _, area_code = np.unique(area, return_inverse=True)
    group = (birth_day - birth_day.min()) * 64 + area_code * 2 + male
    by_group = np.argsort(group, kind="stable")
    ordered = group[by_group]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ranks = np.empty(len(birth_day), dtype=np.int64)
    ranks[by_group] = np.arange(len(birth_day)) - np.repeat(starts, np.diff(np.r_[starts, len(birth_day)]))
    return ranks


def names(count: int, male: Flags, seed: int, rng: np.random.Generator) -> pl.Series:
    """Full names combined from pools of Faker's zh_CN family and given names; Faker alone would take minutes."""
    from faker import Faker

    fake = Faker("zh_CN")
    fake.seed_instance(seed)
    family = sorted([fake.last_name() for _ in range(600)])
    given_names = [sorted([fake.first_name_female() for _ in range(500)]), sorted([fake.first_name_male() for _ in range(500)])]
    picked = [rng.integers(0, len(pool), count) for pool in (family, *given_names)]
    first = pl.Series(family).gather(picked[0].tolist())
    second = [pl.Series(pool).gather(at.tolist()) for pool, at in zip(given_names, picked[1:], strict=True)]
    return (first + second[1].zip_with(pl.Series(male.tolist()), second[0])).alias("name")
