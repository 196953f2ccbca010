"""Which port the web server takes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from nexod.embedded.errors import NotConfigured, PortBusy
from nexod.embedded.ports import LOOPBACK, free_port, is_free, web_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_set_and_busy_is_a_clear_failure(taken: int) -> None:
    with pytest.raises(PortBusy, match=f"PORT={taken} is in use"):
        web_port({"PORT": str(taken)})


def test_a_port_that_is_set_and_free_is_taken() -> None:
    port = free_port()
    assert web_port({"PORT": str(port)}) == port


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(NotConfigured, match="is not a port number"):
        web_port({"PORT": text})


def test_without_port_a_busy_one_is_passed_over(taken: int) -> None:
    port = web_port({}, first=taken)
    assert port > taken
    assert is_free(port)


def test_the_preferred_port_is_kept_only_while_it_is_free(taken: int) -> None:
    free = free_port()
    assert free_port(free) == free
    assert free_port(taken) != taken
