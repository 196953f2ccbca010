"""What the fault suite shares: real workers between a scripted model and a counting service, and figures in one line each.

``make faults K=200`` runs it long: K runs instead of a few.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from tenants.context import enter_schema_as_owner
from tenants.schema import OWNER
from tests.model_server import ModelServer
from tests.sink import Sink
from tests.workbench import Bench
from tests.worker import Nursery, Worker, workers

Start = Callable[..., Worker]
LONG = "NEXOD_FAULTS"


def how_many(short: int) -> int:
    """Return K, or ``short`` when the suite runs as a part of all tests."""
    return int(os.environ.get(LONG) or short)


def figure(name: str, **values: object) -> None:
    """Print what was found, past pytest's capture."""
    told = " ".join(
        f"{key}={value:.2f}" if isinstance(value, float) else f"{key}={value}" for key, value in values.items()
    )
    line = f"faults {name}: {told}\n"
    if LONG in os.environ:
        sys.__stdout__.write(line)  # type: ignore[union-attr]
    else:
        sys.stdout.write(line)


def percentile(values: list[float], part: float) -> float:
    """Return the value that ``part`` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


class World:
    """A model, a service outside, and the process from which workers that may talk to both are forked."""

    def __init__(self, model: ModelServer, sink: Sink) -> None:
        self.model = model
        self.sink = sink
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEXOD_EGRESS_ALLOW", f"{model.address},{sink.address}")
            self.nursery = Nursery()


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with ModelServer() as model, Sink() as sink:
        found = World(model, sink)
        yield found
        found.nursery.close()


@pytest.fixture
def start(world: World, tmp_path: Path, bench: Bench, probes: Any) -> Iterator[Start]:
    """Give ``start(lease_s=, threads=, ...) -> Worker``."""
    world.model.clear()
    with workers(world.nursery, tmp_path) as found:
        yield found
        sys.stdout.write(f"--- what PostgreSQL is at\n{_at_work()}\n")


def _at_work() -> str:
    """Return the sessions that are in the middle of something, and whom they wait for: shown with a test that fails."""
    with enter_schema_as_owner("public"), connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT pid, pg_blocking_pids(pid), state, wait_event, age(clock_timestamp(), xact_start), left(query, 300)"
            " FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        return "\n".join(map(str, cursor.fetchall()))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where probes leave a line for every time that they ran."""
    file = tmp_path / "probes"
    file.touch()
    return file


def until(condition: Callable[[], object], what: str, *, seconds: float = 60) -> float:
    """Wait for the condition, and return how long that took; fail, saying what was waited for."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - began


def until_status(bench: Bench, run: UUID, status: str, *, seconds: float = 20, slug: str = "acme") -> Any:
    """Wait until the run has the status, and return it."""
    until(
        lambda: bench.run(run, slug=slug).status in (status, "failed", "cancelled"),
        f"{status}: {bench.types(run, slug=slug)}",
        seconds=seconds,
    )
    found = bench.run(run, slug=slug)
    assert found.status == status, f"{found.status}: {found.error}"
    return found


def until_logged(log: Path, line: str, *, times: int = 1, seconds: float = 60) -> float:
    """Wait until a probe has begun for the so manieth time."""
    return until(lambda: log.read_text().split().count(line) >= times, f"{line} begins", seconds=seconds)


def numbered(bench: Bench, run: UUID, *, slug: str = "acme") -> bool:
    """Say whether the run's events have no gap and no double."""
    found = [event.seq for event in bench.events(run, slug=slug)]
    return found == list(range(1, bench.run(run, slug=slug).last_seq + 1))
