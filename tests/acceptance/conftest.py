"""Fixtures of the acceptance tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import world
from tests.front_door import Door
from tests.workbench import Bench

__all__ = ["world"]


@pytest.fixture
def door(bench: Bench) -> Iterator[Door]:
    """Return both organisations as outsiders meet them."""
    found = Door(bench)
    yield found
    found.close()
