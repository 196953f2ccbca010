"""Writes that are worth waiting for are tried until the database has them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError

from workflows.engine import insisting
from workflows.engine.insisting import insisted
from workflows.engine.reins import Reins
from workflows.errors import RunLost


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insisting, "PAUSE_S", 0.0)
    monkeypatch.setattr(insisting, "PATIENCE_S", 0.2)


def failing(times: int, done: list[str]) -> Callable[[], None]:
    def write() -> None:
        done.append("tried")
        if len(done) <= times:
            raise OperationalError

    return write


def test_it_is_tried_until_it_succeeds() -> None:
    done: list[str] = []
    insisted(failing(3, done), Reins(None), is_written=lambda: False)  # type: ignore[arg-type]
    assert len(done) == 4


def test_what_got_through_is_not_written_twice() -> None:
    done: list[str] = []
    insisted(failing(3, done), Reins(None), is_written=lambda: True)  # type: ignore[arg-type]
    assert len(done) == 1


def test_in_the_end_it_is_given_up() -> None:
    with pytest.raises(OperationalError):
        insisted(failing(10**9, []), Reins(None), is_written=lambda: False)  # type: ignore[arg-type]


def test_another_workers_run_is_given_up_at_once() -> None:
    reins, done = Reins(None), list[str]()  # type: ignore[arg-type]
    reins.stop(RunLost())
    with pytest.raises(OperationalError):
        insisted(failing(9, done), reins, is_written=lambda: False)
    assert len(done) == 1
