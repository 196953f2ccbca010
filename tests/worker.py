"""Real Celery workers for acceptance tests, forked from one process that has imported everything: starting one is cheap.

``python -m tests.worker`` reads a JSON line for each worker to start or to wait for, and answers with a line.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

READY_S = 60
LOG_LIMIT = 12_000
ROOT = Path(__file__).parent.parent
QUEUES = "runs,high,crews,default,webhooks,ingest"


class Nursery:
    """The process that workers are forked from."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
        command = [sys.executable, "-m", "tests.worker"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def ask(self, **request: Any) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=10)


class Worker:
    """One worker process of the test stores."""

    def __init__(self, nursery: Nursery, folder: Path, *, threads: int, **limits: Any) -> None:
        self._nursery = nursery
        ready = folder / "ready"
        self.log = folder / "log"
        self.pid = nursery.ask(ready=str(ready), log=str(self.log), threads=threads, limits=limits)
        self.alive = True
        until = time.monotonic() + READY_S
        while not ready.exists():
            if time.monotonic() > until:
                raise RuntimeError(f"The worker did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.01)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end as a deployment would; return its exit code."""
        return self._end(signal.SIGTERM)

    def told(self) -> str:
        """Return the end of its log; one that is alive says there first what each of its threads is at."""
        if self.alive:
            os.kill(self.pid, signal.SIGUSR2)
            time.sleep(0.2)
        return self.log.read_text()[-LOG_LIMIT:]

    def set_clock(self, seconds: float) -> None:
        """Let its clock be wrong by that much from now on."""
        (self.log.parent / "clock").write_text(str(seconds))

    def freeze(self) -> None:
        """Hold it still, as a machine does that swaps or a hypervisor that moves it."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, as if no time had passed."""
        os.kill(self.pid, signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """Begin what ``stop`` does, and wait for nothing."""
        os.kill(self.pid, signal.SIGTERM)

    def ended(self) -> int:
        """Wait for its end, which somebody else brings about; return its exit code."""
        self.alive = False
        return self._nursery.ask(wait=self.pid)

    def _end(self, number: int) -> int:
        os.kill(self.pid, number)
        return self.ended()


@contextmanager
def workers(nursery: Nursery, folder: Path) -> Iterator[Any]:
    """Give ``start(lease_s=30, threads=4) -> Worker``; what still lives at the end is killed.

    Other limits are named like their settings: ``drain_s``, ``stall_s``, ``max_lost_workers``.
    A test that fails shows what they told.
    """
    started: list[Worker] = []

    def start(*, lease_s: float = 30, threads: int = 4, **limits: Any) -> Worker:
        own = folder / f"worker{len(started)}"
        own.mkdir()
        started.append(Worker(nursery, own, threads=threads, lease_s=lease_s, **limits))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            state = "alive" if worker.alive else "ended"
            sys.stdout.write(f"--- worker {worker.pid}, {state}\n{worker.told()}\n")
            if worker.alive:
                worker.kill()


def serve() -> None:
    """Fork workers until the input ends."""
    from celery.bin import worker as _  # noqa: F401  what follows is imported here once, for all of them

    import nexod.celery
    import tests.probe
    import workflows.engine.loop  # noqa: F401

    tests.probe.register()
    nexod.celery.app.loader.import_default_modules()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        elif not (answer := os.fork()):
            os._exit(_work(**request))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _work(ready: str, log: str, threads: int, limits: dict[str, float]) -> int:
    """Be a worker in the forked child."""
    from celery import signals
    from celery.worker import state
    from django.conf import settings

    from nexod.celery import app

    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(source, target)
    faulthandler.register(signal.SIGUSR2)
    for name, value in limits.items():
        setattr(settings, f"NEXOD_{name.upper()}", value)
    _hang_a_clock(Path(log).parent / "clock")
    signals.worker_ready.connect(lambda **kwargs: Path(ready).touch(), weak=False)
    arguments = ["worker", "--pool=threads", f"--concurrency={threads}", "-Q", QUEUES, "--loglevel=INFO"]
    app.worker_main([*arguments, "--without-mingle", "--without-gossip", f"--hostname=w{os.getpid()}@test"])
    return int(state.should_stop or 0)


def _hang_a_clock(shift: Path) -> None:
    """Let the worker's clock be wrong by the seconds that the file says, from the moment at which it is written."""
    from django.utils import timezone

    right_now, right_time = timezone.now, time.time

    def seconds() -> float:
        return float(shift.read_text() or 0) if shift.exists() else 0.0

    timezone.now = lambda: right_now() + timedelta(seconds=seconds())
    time.time = lambda: right_time() + seconds()


if __name__ == "__main__":
    import django

    django.setup()
    serve()
