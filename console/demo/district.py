"""A made-up Putuo: residents, households, dwellings and the records of eight units, as tables without flaws.

All values are drawn as whole columns from one seeded generator: a district of 1.35 million residents takes seconds, and the same seed
gives the same district on every machine. ``console.demo.deliveries`` adds the flaws of real deliveries.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from console.demo import records
from console.demo.people import STREETS, WEIGHTS, household_sizes, names, residents_of

TODAY = date(2026, 10, 15)


def district(residents: int, seed: int, today: date = TODAY) -> dict[str, pl.DataFrame]:
    """Ten feeds of a made-up district, by feed name, with the columns of the library's contracts.

    Args:
        residents: number of people in the register.
        seed: of the generator; the same seed gives the same tables.
        today: the day of the records.

    Returns:
        One frame a feed, one row a record, in the order of its key.

    Example:
        >>> sorted(district(100, 1))[:3]
        ['dwelling', 'elderly_allowance', 'household']
    """
    rng = np.random.default_rng(seed)
    day = (today - date(1970, 1, 1)).days
    sizes = household_sizes(residents, rng)
    dwellings = max(len(sizes) + len(sizes) // 25, 10)
    home = rng.permutation(dwellings)[: len(sizes)]
    streets = rng.choice(len(STREETS), dwellings, p=WEIGHTS)
    people = residents_of(sizes, streets[home], day, rng)
    return {
        "dwelling": records.dwelling(streets, day, rng),
        "household": records.household(sizes, streets, home, day, rng),
        "hukou": records.hukou(people, names(residents, people.male, seed, rng), day, rng),
        "medical_insurance": records.medical_insurance(people, day, rng),
        "pension": records.pension(people, day, rng),
        "income": records.income(people, day, rng),
        "occupancy": records.occupancy(people, home, dwellings, day, rng),
        "relocation": records.relocation(streets, day, rng),
        "social_assistance": records.social_assistance(len(sizes), day, rng),
        "elderly_allowance": records.elderly_allowance(people, day, rng),
    }
