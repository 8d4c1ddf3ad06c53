"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.streams.town import Town


@pytest.fixture
def town() -> Iterator[Town]:
    """A town with everything published and covered; when the test is over, its messages go through several partitions, too."""
    new_town = Town()
    yield new_town
    new_town.same()
