"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.streams.town import Town


@pytest.fixture
def town() -> Iterator[Town]:
    """A town with everything published and covered; what a test told it is compared with several partitions when it is over."""
    new_town = Town()
    yield new_town
    new_town.same()
