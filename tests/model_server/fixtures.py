"""``model_server``: a fresh scripted model for one test, reachable through the outgoing-address check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.model_server.port import Run, run
from tests.model_server.server import ModelServer

__all__ = ["Run", "model_server", "run"]


@pytest.fixture
def model_server(settings: Any) -> Iterator[ModelServer]:
    """Serve on a free loopback port, allowed in NEXOD_EGRESS_ALLOW for the test."""
    with ModelServer() as server:
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, server.address]
        yield server
