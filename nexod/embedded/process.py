"""One child process: how it is started, known to be ready, and stopped by its own process id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nexod.embedded import tether
from nexod.embedded.errors import StartFailed
from nexod.embedded.os_user import OsUser

LOG_LIMIT_BYTES = 10_000_000
LOG_TAIL_LINES = 15
TAIL_BYTES = 8192
POLL_INTERVAL_S = 0.02


def nothing() -> None:
    """Do nothing: the default of the hooks."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What to run. Without ``ready`` it is a step that has to end with exit code 0."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    shows: str = ""
    cwd: Path | None = None
    run_as: OsUser | None = None
    prepare: Callable[[], None] = nothing
    settle: Callable[[], None] = nothing
    start_timeout_s: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10
    orphan_signal: signal.Signals = signal.SIGKILL


def tethered(argv: tuple[str, ...], *, run_as: OsUser | None, orphan_signal: signal.Signals) -> list[str]:
    """Return the command line that runs ``argv`` so that it ends with this process."""
    user = f"{run_as.uid}:{run_as.gid}" if run_as else "-"
    return [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), str(int(orphan_signal)), user, *argv]


class Process:
    """A service that was started here; nothing else is ever signalled."""

    def __init__(self, service: Service, log: Path | None) -> None:
        self.service, self.log = service, log
        self.seconds = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; a negative number is the signal that killed it."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        """Prepare and spawn it, in a session of its own, so that a Ctrl-C reaches only the supervisor."""
        self._started = time.monotonic()
        self.service.prepare()
        self._spawn()

    def _spawn(self) -> None:
        output = self._open_log()
        try:
            self._child = subprocess.Popen(
                tethered(self.service.argv, run_as=self.service.run_as, orphan_signal=self.service.orphan_signal),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                env=dict(self.service.env) or None,
                cwd=self.service.cwd,
                start_new_session=True,
            )
        finally:
            if output is not None:
                os.close(output)

    def _open_log(self) -> int | None:
        if self.log is None:
            return None
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log_start = os.fstat(descriptor).st_size
        return descriptor

    def is_ready(self) -> bool:
        """Look once; raise StartFailed when it ended or takes too long. Call it until it says yes."""
        code = self.exit_code
        if self.service.ready is None and code == 0:
            return self._settled()
        if code is not None:
            raise self.failure(how_it_ended(code))
        if self.service.ready is not None and self.service.ready():
            return self._settled()
        if time.monotonic() - self._started > self.service.start_timeout_s:
            raise self.failure(f"it was not ready after {self.service.start_timeout_s:.0f} s")
        return False

    def _settled(self) -> bool:
        self.service.settle()
        self.seconds = time.monotonic() - self._started
        return True

    def failure(self, reason: str) -> StartFailed:
        """Return the error that names this service and carries what it said last."""
        return StartFailed(self.service.name, reason, log=self.log, log_tail=self.log_tail())

    def log_tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """Return the last lines that this process itself wrote."""
        if self.log is None or not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(self._log_start, self.log.stat().st_size - TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    def ask_to_stop(self) -> None:
        """Send the service's own stop signal."""
        self._signal(self.service.stop_signal)

    def wait_stopped(self, hurry: Callable[[], bool] = bool) -> None:
        """Wait as long as the service may take, or until ``hurry`` says so; then kill what is left of its group."""
        deadline = time.monotonic() + self.service.stop_timeout_s
        while self.pid is not None and time.monotonic() < deadline and not hurry():
            time.sleep(POLL_INTERVAL_S)
        self.kill()
        if self._child is not None:
            self._child.wait()

    def kill(self) -> None:
        """End its whole process group at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            os.killpg(self.pid, number)


def stop_all(processes: list[Process], hurry: Callable[[], bool] = bool) -> None:
    """Stop them together and wait for all; when ``hurry`` says so, kill them."""
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.wait_stopped(hurry)


def how_it_ended(code: int) -> str:
    """Say an exit code in words."""
    if code >= 0:
        return f"it ended with exit code {code}"
    return f"it was ended by {signal.Signals(-code).name}"
