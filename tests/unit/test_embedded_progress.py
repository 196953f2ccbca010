"""What a person reads while services start."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from nexod.embedded.errors import StartFailed
from nexod.embedded.progress import Progress


def told(progress: Progress) -> str:
    file = progress.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.fixture
def plain() -> Progress:
    return Progress(Console(file=io.StringIO(), highlight=False, width=60))


def test_without_a_terminal_a_step_is_one_plain_line(plain: Progress) -> None:
    plain.begin(["postgres"])
    plain.tick()
    plain.done("postgres", "PostgreSQL [18] on a port " + "x" * 60, 0.71)
    lines = told(plain).splitlines()
    assert len(lines) == 1
    assert lines[0].split()[1:3] == ["postgres", "PostgreSQL"]
    assert lines[0].endswith("0.7 s")
    assert "[18]" in lines[0]
    assert "\x1b" not in lines[0]


def test_no_color_keeps_a_terminal_free_of_movement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    progress = Progress(Console(file=io.StringIO(), force_terminal=True, highlight=False))
    progress.begin(["postgres"])
    progress.tick()
    assert told(progress) == ""


def test_a_failure_names_the_service_and_quotes_its_log(plain: Progress) -> None:
    plain.failed(StartFailed("web", "it ended with exit code 1", log_tail="one\ntwo [x]"))
    assert "web did not start: it ended with exit code 1" in told(plain)
    assert "two [x]" in told(plain)


def test_a_crash_names_the_service_and_says_when_it_is_tried_again(plain: Progress) -> None:
    plain.crashed("worker", "it was ended by SIGSEGV", 2.0, "the end", None)
    assert "worker" in told(plain)
    assert "SIGSEGV; again in 2.0 s" in told(plain)
