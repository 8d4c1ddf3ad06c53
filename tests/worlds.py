"""Random policies and random worlds for the property tests, each from one seed.

>>> from random import Random
>>> world_data, as_of = random_world(Random(1), size=2)
>>> random_policy(Random(1), size=2)["policy"].startswith("random-")
True
"""

from tests.worlds_data import random_world
from tests.worlds_feeds import CONTRACTS, UNITS
from tests.worlds_policies import random_policy

__all__ = ["CONTRACTS", "UNITS", "random_policy", "random_world"]
