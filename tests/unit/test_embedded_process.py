"""One child process: ready, failing, stopped, and never outliving its starter."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nexod.embedded import tether
from nexod.embedded.errors import StartFailed
from nexod.embedded.process import Process, Service
from nexod.embedded.tether import is_alive
from tests.processes import runs, until

FOR_EVER = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def toy(code: str, log: Path, **details: object) -> Process:
    return Process(Service(name="toy", argv=(sys.executable, "-c", code), **details), log)  # type: ignore[arg-type]


def test_a_step_is_ready_when_it_has_ended_well(tmp_path: Path) -> None:
    step = toy("print('done')", tmp_path / "log")
    step.start()
    assert until(step.is_ready)


def test_a_failure_carries_what_the_process_said_this_time(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("of yesterday\n")
    step = toy("print('no luck'); raise SystemExit(3)", tmp_path / "log")
    step.start()
    with pytest.raises(StartFailed, match="exit code 3") as failure:
        until(step.is_ready)
    assert failure.value.log_tail == "no luck"


def test_a_service_that_is_never_ready_fails_in_time(tmp_path: Path) -> None:
    slow = toy(FOR_EVER, tmp_path / "log", ready=lambda: False, start_timeout_s=0.2)
    slow.start()
    with pytest.raises(StartFailed, match="not ready after"):
        until(slow.is_ready)
    slow.kill()
    slow.wait_stopped()


def test_one_that_ignores_the_stop_signal_is_killed_after_its_time(tmp_path: Path) -> None:
    deaf = toy(DEAF, tmp_path / "log", stop_timeout_s=0.3)
    deaf.start()
    assert until(lambda: deaf.log_tail() == "up")
    deaf.ask_to_stop()
    deaf.wait_stopped()
    assert deaf.exit_code == -signal.SIGKILL


def test_stopping_takes_the_whole_process_group_along(tmp_path: Path) -> None:
    parent = toy(
        f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {FOR_EVER!r}]); print(c.pid, flush=True); c.wait()",
        tmp_path / "log",
    )
    parent.start()
    assert until(lambda: "up" in parent.log_tail())
    grandchild = int(parent.log_tail().split()[0])
    parent.ask_to_stop()
    parent.wait_stopped()
    assert until(lambda: not runs(grandchild))


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_child_ends_when_its_starter_is_killed(tmp_path: Path, platform: str) -> None:
    """With "darwin" the way for systems whose kernel has no such signal is taken."""
    script = tmp_path / "tether_as_elsewhere.py"
    script.write_text(
        f"import runpy, sys; sys.platform = {platform!r}; runpy.run_path({tether.__file__!r}, run_name='__main__')"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(script), FOR_EVER], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    with starter.stdout:
        child = int(starter.stdout.readline())
        assert starter.stdout.readline() == "up\n"
        assert is_alive(child)
        starter.kill()
        starter.wait()
        assert until(lambda: not runs(child))


_STARTER = """
import os, subprocess, sys
script, code = sys.argv[1:]
child = subprocess.Popen([sys.executable, script, str(os.getpid()), "9", "-", sys.executable, "-c", code])
print(child.pid, flush=True)
child.wait()
"""
