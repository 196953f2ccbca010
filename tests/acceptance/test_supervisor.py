"""The supervisor as a person meets it: a process that starts others, reports, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nexod.embedded.home import PROJECT
from tests.processes import runs, until

TOY = Path(__file__).with_name("toy_supervisor.py")


class Run:
    """A toy supervisor and what it printed."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home, self.output = home, home.parent / f"{home.name}.{time.monotonic_ns()}.out"
        environ = {"PATH": os.environ["PATH"], "NEXOD_HOME": str(home), "PYTHONPATH": str(PROJECT)}
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(TOY), *arguments], env=environ, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def pids(self) -> dict[str, int]:
        rows = json.loads((self.home / "status.json").read_text())["services"]
        return {row["name"]: row["pid"] for row in rows}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    started: list[Run] = []

    def begin(*arguments: str, ready: bool = True) -> Run:
        run = Run(tmp_path / "home", *arguments)
        started.append(run)
        if ready:
            assert until(lambda: "ready in" in run.text), run.text
        return run

    yield begin
    for run in started:
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGTERM)
        run.process.wait(60)


def test_every_step_has_its_line_in_order(start: Callable[..., Run]) -> None:
    named = [line.split()[1] for line in start().text.splitlines() if line.endswith(" s") and "ready in" not in line]
    assert named == ["store", "migrate", "web"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_everything_in_reverse_order(start: Callable[..., Run], number: signal.Signals) -> None:
    run = start()
    pids = run.pids()
    run.process.send_signal(number)
    assert run.process.wait(60) == 0
    assert not any(runs(pid) for pid in pids.values())
    stopped = {name: float((run.home / "logs" / f"{name}.log").read_text().split()[-1]) for name in pids}
    assert stopped["web"] < stopped["store"]
    assert not (run.home / "services.json").exists()


def test_a_process_that_it_did_not_start_lives_on(start: Callable[..., Run]) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as bystander:
        run = start()
        run.process.send_signal(signal.SIGINT)
        run.process.wait(60)
        assert bystander.poll() is None
        bystander.kill()


def test_a_crashed_service_is_named_and_restarted_while_the_others_stay(start: Callable[..., Run]) -> None:
    run = start()
    before = run.pids()
    os.kill(before["web"], signal.SIGKILL)
    assert until(lambda: "is back" in run.text)
    crash = next(line for line in run.text.splitlines() if "crashed:" in line)
    assert crash.split()[1] == "web"
    assert "SIGKILL" in crash
    assert run.pids()["store"] == before["store"]
    assert runs(run.pids()["web"])


def test_nothing_outlives_a_supervisor_that_was_killed(start: Callable[..., Run]) -> None:
    run = start()
    pids = run.pids()
    run.process.kill()
    assert until(lambda: not any(runs(pid) for pid in pids.values()))
    assert "ready in" in start().text


def test_a_second_supervisor_on_the_same_home_says_who_has_it(start: Callable[..., Run]) -> None:
    first = start()
    second = start(ready=False)
    assert second.process.wait(60) == 1
    assert f"in use by process {first.process.pid}" in second.text
    assert (first.home / "services.json").exists()
    assert all(runs(pid) for pid in first.pids().values())


def test_a_service_that_does_not_start_is_named_with_its_log_and_the_others_stop(start: Callable[..., Run]) -> None:
    run = start("broken", ready=False)
    assert run.process.wait(60) == 1
    assert "broken did not start: it ended with exit code 3" in run.text
    assert "no luck" in run.text
    for name in ("store", "web"):
        assert "stopped at" in (run.home / "logs" / f"{name}.log").read_text()


def test_a_client_that_runs_once_has_the_last_word_and_the_exit_code(start: Callable[..., Run]) -> None:
    run = start("client")
    assert run.process.wait(60) == 7
    assert run.text.rstrip().splitlines()[-1] == "client: done"
