"""The records of each unit about the made-up residents: one function for each feed, one row for each record.

The shares are chosen so that no list of the demonstration is empty. The columns are those of the contracts in
``policies/library/feeds``.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from console.demo.people import LAYOUTS, ON_THE_LINE, STREETS, Flags, Ints, Residents

CODES = list(STREETS)


def _days(values: Ints, empty: Flags | None = None) -> pl.Series:
    """Dates of day numbers, null where ``empty``."""
    dates = pl.Series(values.astype(np.int32)).cast(pl.Date)
    return dates if empty is None else pl.select(pl.when(pl.Series(~empty)).then(dates)).to_series()


def _pick(labels: list[str], at: Ints) -> pl.Series:
    """The label at each position, as text."""
    return pl.Series(np.asarray(labels, dtype=object)[at].tolist(), dtype=pl.String)


def _serial_numbers(prefix: str, count: int) -> pl.Series:
    """prefix0000001, prefix0000002, …"""
    return pl.select(pl.lit(prefix) + pl.int_range(1, count + 1, eager=True).cast(pl.String).str.zfill(7)).to_series()


def _money(cents: Ints, empty: Flags | None = None) -> pl.Series:
    """Exact amounts as text with two decimals, empty where asked."""
    whole, part = pl.Series(cents // 100).cast(pl.String), pl.Series(cents % 100).cast(pl.String).str.zfill(2)
    text = whole + "." + part
    return text if empty is None else pl.select(pl.when(pl.Series(~empty)).then(text)).to_series()


def _recent(day: int, count: int, span: int, rng: np.random.Generator) -> pl.Series:
    """A change date in the ``span`` days before ``day``."""
    return _days(day - 1 - rng.integers(0, span, count))


def addresses(streets: Ints) -> pl.Series:
    """Addresses of dwellings, each once, on a road that does not exist."""
    at = pl.Series(np.arange(len(streets)))
    rooms, houses, lanes = at % 24, at // 24 % 50, at // 1200
    return pl.select(
        pl.concat_str([
            _pick(list(STREETS.values()), streets), pl.lit("示例路"), lanes + 1, pl.lit("弄"), houses + 1, pl.lit("号"),
            rooms // 4 + 1, pl.lit("0"), rooms % 4 + 1, pl.lit("室"),
        ])
    ).to_series()  # fmt: skip


def telephones(count: int) -> pl.Series:
    """Telephone numbers, each once. No subscriber of Shanghai has one: local numbers do not begin with 0."""
    return pl.select(pl.lit("021-0") + pl.int_range(count, eager=True).cast(pl.String).str.zfill(7)).to_series()


def dwelling(streets: Ints, day: int, rng: np.random.Generator) -> pl.DataFrame:
    n = len(streets)
    layout = rng.choice(3, n, p=(0.35, 0.45, 0.20))
    area = 2800 + layout * 2600 + rng.integers(0, 2400, n)
    return pl.DataFrame({
        "property_no": _serial_numbers("PT", n),
        "division": _pick(CODES, streets),
        "layout": _pick(list(LAYOUTS), layout),
        "area": _money(area, rng.random(n) < 0.01),
        "changed_at": _recent(day, n, 3000, rng),
        "address": addresses(streets),
    })  # fmt: skip


def household(sizes: Ints, dwelling_streets: Ints, home: Ints, day: int, rng: np.random.Generator) -> pl.DataFrame:
    n, streets = len(sizes), dwelling_streets[home]
    unlinked = rng.random(n) < 0.01
    dwellings = _serial_numbers("PT", int(home.max()) + 1).gather(home.tolist())
    return pl.DataFrame({
        "household_no": _serial_numbers("HH", n),
        "division": _pick(CODES, streets),
        "size": sizes,
        "property_no": pl.select(pl.when(pl.Series(~unlinked)).then(dwellings)).to_series(),
        "changed_at": _recent(day, n, 2000, rng),
        "address": addresses(dwelling_streets).gather(home.tolist()),
    })  # fmt: skip


def hukou(people: Residents, name: pl.Series, day: int, rng: np.random.Generator) -> pl.DataFrame:
    n = len(people.birth_day)
    child, parent = people.age < 24, people.age > 74
    relation = np.select([people.rank == 0, people.rank == 1, child, parent & (people.rank > 2)], [0, 1, 2, 3], default=4)
    kind = np.where(people.local, (rng.random(n) < 0.03).astype(np.int64), 2)
    lived = np.where(people.local & (rng.random(n) < 0.62), day - people.birth_day, rng.integers(0, 15000, n))
    since = np.maximum(people.birth_day, day - lived)
    nowhere = rng.random(n) < 0.002
    codes = _pick(CODES, people.street)
    return pl.DataFrame({
        "id_number": people.id_number,
        "name": name,
        "出生日期": _days(people.birth_day, rng.random(n) < 0.002),
        "sex": _pick(["女", "男"], people.male.astype(np.int64)),
        "relation": _pick(["head", "spouse", "child", "parent", "other_kin"], relation),
        "hukou_kind": _pick(["local_family", "local_collective", "nonlocal"], kind),
        "hukou_since": _days(since, rng.random(n) < 0.004),
        "division": pl.select(pl.when(pl.Series(~nowhere)).then(codes)).to_series(),
        "household_no": _serial_numbers("HH", int(people.place.max()) + 1).gather(people.place.tolist()),
        "changed_at": _recent(day, n, 2000, rng),
        "telephone": telephones(n),
    })  # fmt: skip


def medical_insurance(people: Residents, day: int, rng: np.random.Generator) -> pl.DataFrame:
    """One enrolment for nearly everybody, an earlier one for some, none for one in twenty of the old."""
    chance = rng.random(len(people.birth_day))
    current = np.flatnonzero(~people.outside & (chance > np.where(people.age >= 70, 0.03, 0.02)))
    former = np.flatnonzero(~people.outside & (rng.random(len(people.birth_day)) < 0.15))
    who = np.concatenate([current, former])
    n, old = len(who), np.arange(len(who)) >= len(current)
    status = np.where(old, 2, rng.choice(3, n, p=(0.965, 0.02, 0.015)))
    start = np.maximum(people.birth_day[who], day - rng.integers(400, 9000, n))
    ended = old & (rng.random(n) < 0.7)
    return pl.DataFrame({
        "enrolment_no": _serial_numbers("YB", n),
        "id_number": people.id_number.gather(who.tolist()),
        "status": _pick(["正常", "暂停", "终止"], status),
        "scheme": _pick(["职工", "居民", "新农合"], rng.choice(3, n, p=(0.62, 0.33, 0.05))),
        "valid_from": _days(start),
        "valid_to": _days(start + 365, ~ended),
        "changed_at": _recent(day, n, 600, rng),
    })  # fmt: skip


def pension(people: Residents, day: int, rng: np.random.Generator) -> pl.DataFrame:
    due = people.age >= np.where(people.male, 60, 55)
    who = np.flatnonzero(due & ~people.outside & (rng.random(len(due)) < np.where(people.age >= 70, 0.90, 0.86)))
    n = len(who)
    return pl.DataFrame({
        "pension_no": _serial_numbers("YL", n),
        "id_number": people.id_number.gather(who.tolist()),
        "amount": _money(rng.integers(1400_00, 7200_00, n), rng.random(n) < 0.005),
        "paid_from": _days(people.birth_day[who] + np.where(people.male[who], 60, 55) * 365),
        "paid_to": _days(np.full(n, day), np.ones(n, dtype=np.bool_)),
    })  # fmt: skip


def income(people: Residents, day: int, rng: np.random.Generator) -> pl.DataFrame:
    """One household in twenty is poor: fewer of its members have an income, and the amounts are small."""
    poor = (rng.random(int(people.place.max()) + 1) < 0.05)[people.place]
    earning = (people.age >= 18) & (rng.random(len(poor)) < np.where(poor, 0.6, 0.93))
    who = np.flatnonzero(earning)
    n = len(who)
    amount = np.exp(rng.normal(np.where(poor[who], 7.4, 8.7), 0.45)) * 100
    return pl.DataFrame({
        "id_number": people.id_number.gather(who.tolist()),
        "monthly_income": _money(amount.astype(np.int64), rng.random(n) < 0.008),
        "changed_at": _recent(day, n, 300, rng),
    })  # fmt: skip


def occupancy(people: Residents, home: Ints, dwellings: int, day: int, rng: np.random.Generator) -> pl.DataFrame:
    """Families in the dwelling of their registration, and a few dwellings let to many strangers."""
    n = len(people.birth_day)
    family = np.flatnonzero(rng.random(n) < 0.93)
    let = rng.choice(dwellings, max(dwellings // 150, 3), replace=False)
    crowd = np.repeat(let, rng.integers(2, 11, len(let)))
    who = np.concatenate([family, rng.integers(0, n, len(crowd))])
    where = np.concatenate([home[people.place[family]], crowd])
    relation = np.where(np.arange(len(who)) >= len(family), 2, (people.rank[who] > 0).astype(np.int64))
    since = np.maximum(people.birth_day[who], day - rng.integers(20, 6000, len(who)))
    out = rng.random(len(who)) < 0.02
    return pl.DataFrame({
        "registration_no": _serial_numbers("JZ", len(who)),
        "id_number": people.id_number.gather(who.tolist()),
        "property_no": _serial_numbers("PT", dwellings).gather(where.tolist()),
        "relation_to_tenant": _pick(["self", "kin", "unrelated"], relation),
        "moved_in": _days(since),
        "moved_out": _days(np.maximum(since, day - rng.integers(-25, 300, len(who))), ~out),
        "changed_at": _recent(day, len(who), 700, rng),
    })  # fmt: skip


def relocation(streets: Ints, day: int, rng: np.random.Generator) -> pl.DataFrame:
    """Notices in the streets along line 15, some of them older than two years, and some for another line."""
    along = np.flatnonzero(np.isin(streets, ON_THE_LINE) & (rng.random(len(streets)) < 0.16))
    n = len(along)
    return pl.DataFrame({
        "notice_no": _serial_numbers("DQ", n),
        "property_no": _serial_numbers("PT", len(streets)).gather(along.tolist()),
        "line": _pick(["L15", "L14"], (rng.random(n) < 0.12).astype(np.int64)),
        "notice_date": _days(day - rng.integers(5, 820, n)),
        "changed_at": _recent(day, n, 5, rng),
    })  # fmt: skip


def social_assistance(households: int, day: int, rng: np.random.Generator) -> pl.DataFrame:
    who = np.flatnonzero(rng.random(households) < 0.012)
    n = len(who)
    start = day - rng.integers(30, 2000, n)
    return pl.DataFrame({
        "decision_no": _serial_numbers("JZ", n),
        "household_no": _serial_numbers("HH", households).gather(who.tolist()),
        "kind": _pick(["dibao", "marginal", "temporary"], rng.choice(3, n, p=(0.7, 0.2, 0.1))),
        "granted_from": _days(start),
        "granted_to": _days(start + 365 * 6, rng.random(n) < 0.8),
        "changed_at": _recent(day, n, 300, rng),
    })  # fmt: skip


def elderly_allowance(people: Residents, day: int, rng: np.random.Generator) -> pl.DataFrame:
    """Most are paid the rate of their age, a few still the rate of ten years before."""
    who = np.flatnonzero((people.age >= 65) & (people.local | (rng.random(len(people.age)) < 0.05)) & (rng.random(len(people.age)) < 0.93))
    late = rng.random(len(who)) < 0.01
    band = np.clip(np.searchsorted(np.array([70, 80, 90, 100]), people.age[who] - late * 10, side="right"), 0, 4)
    return pl.DataFrame({
        "payment_no": _serial_numbers("JT", len(who)),
        "id_number": people.id_number.gather(who.tolist()),
        "band": _pick(["b65", "b70", "b80", "b90", "b100"], band),
        "paid_from": _days(day - rng.integers(20, 1500, len(who))),
        "paid_to": _days(np.full(len(who), day), np.ones(len(who), dtype=np.bool_)),
        "changed_at": _recent(day, len(who), 300, rng),
    })  # fmt: skip
