"""A gigabyte at the door: refused by what it announces, or as soon as it has sent too much, and the web process does not grow."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workbench import Bench

GIGABYTE = 1024**3
PIECE = bytes(256 * 1024)
GROWTH_MB = 80
"""Far less than the bound of a body, 100 MB; the threads and imports of a first request are in it."""
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="knowledge_base"\r\n\r\n%b\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\nContent-Type: text/plain\r\n\r\n'
)


@pytest.fixture
def key(bench: Bench) -> str:
    from tenants.accounts.actions.api_keys import issue_api_key

    with bench.inside():
        user = bench.user("editor")
        return issue_api_key(actor=user, user=user, name="Large", scopes=("read", "write", "run"))[1]


@pytest.fixture
def base(bench: Bench) -> str:
    from agents.actions.knowledge import create_knowledge_base

    with bench.inside():
        return str(create_knowledge_base(actor=bench.user("editor"), name="Docs").pk)


@pytest.fixture
def peak_mb(port: int) -> Callable[[], float]:
    """Return what says the most memory that the web process has had so far."""
    process = next(
        folder for folder in Path("/proc").glob("[0-9]*")
        if f"--port\0{port}\0".encode() in _read(folder / "cmdline")
    )  # fmt: skip

    def peak() -> float:
        found = re.search(rb"VmHWM:\s+(\d+) kB", _read(process / "status"))
        assert found
        return int(found[1]) / 1024

    return peak


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a process that has ended meanwhile
        return b""


def opened(port: int, key: str, *headers: str) -> socket.socket:
    """Return a connection on which an upload has begun."""
    found = socket.create_connection(("127.0.0.1", port), timeout=120)
    lines = ["POST /api/v1/documents HTTP/1.1", "Host: acme.test", f"Authorization: Bearer {key}",
             "Content-Type: multipart/form-data; boundary=edge", *headers]  # fmt: skip
    found.sendall("\r\n".join([*lines, "", ""]).encode())
    return found


def answer(connection: socket.socket) -> bytes:
    """Return what was answered until the connection ended."""
    said = b""
    try:
        while part := connection.recv(65_536):
            said += part
    except ConnectionError:
        pass
    return said


def test_what_announces_a_gigabyte_is_refused_before_it_is_sent(port: int, key: str) -> None:
    with opened(port, key, f"Content-Length: {GIGABYTE}") as connection:
        said = answer(connection)
    assert said.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in said


def test_a_gigabyte_that_nobody_announced_is_cut_off_and_kept_nowhere(
    port: int, key: str, base: str, bench: Bench, peak_mb: Callable[[], float]
) -> None:
    from agents.models import Document

    with opened(port, key, "Content-Length: 10") as connection:  # what a first request loads is no growth
        connection.sendall(b"0123456789")
        connection.recv(65_536)
    before, sent = peak_mb(), 0
    with opened(port, key, "Transfer-Encoding: chunked") as connection:
        try:
            for piece in (HEAD % base.encode(), *(PIECE for _ in range(GIGABYTE // len(PIECE)))):
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                sent += len(piece)
        except ConnectionError:
            pass  # the server has closed: it wants no more
        said = answer(connection)
    assert sent < GIGABYTE / 2
    assert not said or said.startswith(b"HTTP/1.1 413")
    assert peak_mb() - before < GROWTH_MB
    with bench.inside():
        assert not Document.objects.exists()
