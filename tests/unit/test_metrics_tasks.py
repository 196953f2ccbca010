"""A Celery task ends in one line and in the counters, with the ids of its message."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from celery import Celery

from nexod.observability import tasks, work

app = Celery("told", set_as_current=False)


@app.task(name="t.fine")
def fine(run_id: str) -> None:
    """Do nothing."""


@app.task(name="t.broken")
def broken() -> None:
    """Fail."""
    raise ValueError("a customer's words")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    tasks.connect()
    monkeypatch.setattr(work, "flush", lambda: None)
    work._pending.clear()
    yield
    work._pending.clear()


def counted(*labels: str) -> float:
    return work._pending.get("\x1f".join(labels), 0)


def test_a_task_that_worked_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "nexod.task"):
        fine.apply(kwargs={"run_id": "r-1"}, headers={"nexod_tenant": "t_9", "nexod_request": "q-1"})
    (line,) = [record for record in caplog.records if record.name == "nexod.task"]
    facts = {name: line.__dict__.get(name) for name in ("task", "outcome", "tenant", "request_id", "run")}
    assert facts == {"task": "t.fine", "outcome": "success", "tenant": "t_9", "request_id": "q-1", "run": "r-1"}
    assert counted("nexod_tasks", "t.fine", "success") == 1
    assert counted("nexod_task_seconds", "t.fine") > 0


def test_a_task_that_failed_is_told_without_its_arguments(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "nexod.task"):
        broken.apply()
    (line,) = [record for record in caplog.records if record.name == "nexod.task"]
    assert (line.levelname, line.__dict__["outcome"]) == ("WARNING", "failure")
    assert "customer" not in str(line.__dict__)
    assert counted("nexod_tasks", "t.broken", "failure") == 1


def test_connecting_twice_tells_once(caplog: pytest.LogCaptureFixture) -> None:
    tasks.connect()
    with caplog.at_level(logging.INFO, "nexod.task"):
        fine.apply(kwargs={"run_id": "r-1"})
    assert len([record for record in caplog.records if record.name == "nexod.task"]) == 1
