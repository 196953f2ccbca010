"""Fixtures of the acceptance tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser import PATIENCE_MS, web_server
from tests.faults import world
from tests.front_door import Door
from tests.workbench import Bench

__all__ = ["world"]


@pytest.fixture(autouse=True)
def patient() -> None:
    """Let pages of a busy machine take their time, whatever a test before this one said."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def port(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the test stores by a web process of their own; give its port."""
    with web_server(tmp_path_factory.mktemp("web")) as found:
        yield found


@pytest.fixture
def door(bench: Bench) -> Iterator[Door]:
    """Return both organisations as outsiders meet them."""
    found = Door(bench)
    yield found
    found.close()
