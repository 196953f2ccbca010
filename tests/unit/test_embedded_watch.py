"""A service that ends although nobody asked it to."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexod.embedded import watch
from nexod.embedded.process import Process, Service
from nexod.embedded.watch import CameBack, Crashed, State, Watch


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FIRST_PAUSE_S", 0.05)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watch]:
    process = Process(
        Service(name="toy", argv=(sys.executable, "-c", "import time; time.sleep(600)"), ready=lambda: True),
        tmp_path / "log",
    )
    process.start()
    yield Watch(process)
    process.kill()
    process.wait_stopped()


def news(watched: Watch) -> Crashed | CameBack:
    deadline = time.monotonic() + 10
    while (found := watched.tend()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def crash(watched: Watch) -> Crashed:
    os.kill(watched.process.pid or 0, signal.SIGKILL)
    found = news(watched)
    assert isinstance(found, Crashed)
    return found


def test_a_quiet_service_gives_no_news_and_needs_no_timer(watched: Watch) -> None:
    assert watched.tend() is None
    assert watched.due_in() is None


def test_a_crash_is_told_with_its_reason_and_the_service_comes_back(watched: Watch) -> None:
    former = watched.process.pid
    assert "SIGKILL" in crash(watched).reason
    assert watched.state is State.PAUSED
    assert isinstance(news(watched), CameBack)
    assert watched.process.pid not in {None, former}
    assert watched.restarts == 1


def test_each_crash_in_a_row_doubles_the_pause(watched: Watch) -> None:
    pauses = []
    for _ in range(3):
        pauses.append(crash(watched).pause_s)
        news(watched)
    assert pauses == pytest.approx([0.05, 0.1, 0.2])


def test_a_service_that_was_stable_starts_with_a_short_pause_again(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(watched)
    news(watched)
    monkeypatch.setattr(watch, "STABLE_AFTER_S", 0.0)
    time.sleep(0.01)
    assert crash(watched).pause_s == pytest.approx(0.05)
