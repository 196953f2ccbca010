"""Whether a plain manage.py command takes over the services that run already."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexod.embedded.attach import running_services, stores_for
from nexod.embedded.home import Home, write_private_json
from nexod.embedded.ports import LOOPBACK


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def publish(home: Home, pid: int, port: int) -> None:
    address = f"{LOOPBACK}:{port}"
    urls = {"DATABASE_URL": f"postgresql://app@{address}/nexod", "REDIS_URL": f"redis://{address}/0"}
    write_private_json(home.services_file, urls | {"base_url": "http://x", "pid": pid})


def test_services_that_run_are_found(tmp_path: Path, port: int) -> None:
    publish(Home(tmp_path), os.getpid(), port)
    assert set(running_services(Home(tmp_path))) == {"DATABASE_URL", "REDIS_URL"}


def test_what_a_dead_supervisor_left_behind_is_not_believed(tmp_path: Path, port: int) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    publish(Home(tmp_path), ended.pid, port)
    assert running_services(Home(tmp_path)) == {}


def test_services_that_do_not_answer_are_not_believed(tmp_path: Path, port: int) -> None:
    publish(Home(tmp_path), os.getpid(), port + 1 if port < 65535 else 1)
    assert running_services(Home(tmp_path)) == {}


@pytest.mark.parametrize(
    "argv", [["manage.py"], ["manage.py", "--version"], ["manage.py", "check"], ["manage.py", "serve"]]
)
def test_commands_that_need_no_store_start_none(
    argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXOD_ENV", "dev")
    monkeypatch.setenv("NEXOD_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with stores_for(argv):
        assert "DATABASE_URL" not in os.environ
    assert list(tmp_path.iterdir()) == []


def test_a_command_in_production_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXOD_ENV", "production")
    monkeypatch.setenv("NEXOD_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with stores_for(["manage.py", "migrate"]):
        assert list(tmp_path.iterdir()) == []
