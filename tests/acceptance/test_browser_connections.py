"""A model connection in a real browser: it is tested with a click, and says what is wrong and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.models import ModelConnection
from nexod.kernel.secrets import encrypt
from tests.acceptance.test_browser import come, hall, nursery
from tests.browser import Visitor
from tests.model_server import ModelServer
from tests.workbench import Bench

__all__ = ["come", "hall", "nursery"]
pytestmark = pytest.mark.browser
LOOKS: list[dict[str, bool]] = [{}, {"dark": True}]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as served:
        yield served


@pytest.fixture
def connection(bench: Bench, server: ModelServer) -> ModelConnection:
    with bench.inside("acme"):
        key = encrypt("sk", bound_to=bench.tenant("acme").schema_name)
        return ModelConnection.objects.create(
            slug="ours", name="Ours", base_url=server.base_url, encrypted_key=key, model_names=["scripted", "gone"]
        )


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark"])
def test_a_connection_is_tested_with_a_click(
    connection: ModelConnection, come: Callable[..., Visitor], look: dict[str, Any]
) -> None:
    visitor = come("owner", **look)
    page = visitor.go(f"/admin/agents/modelconnection/{connection.pk}/change/")
    shot(page, "change", look)
    page.get_by_role("button", name="Test connection").click()
    page.get_by_role("status").filter(has_text="Something is wrong").wait_for()
    shot(page, "test", look)
    assert visitor.too_wide() <= 0
    assert not visitor.wrong


def shot(page: Any, name: str, look: dict[str, Any]) -> None:
    """Keep a picture where NEXOD_PICTURES says so."""
    if folder := os.environ.get("NEXOD_PICTURES"):
        page.screenshot(path=Path(folder) / f"connection-{name}-{'dark' if look else 'light'}.png", full_page=True)
