"""Real Celery workers for acceptance tests: ``python -m tests.worker <ready file>`` runs one that knows the probe node."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY_S = 60
QUEUES = "runs,crews,default"


class Worker:
    """One worker process of the test stores."""

    def __init__(self, folder: Path, name: str, *, lease_s: float, threads: int) -> None:
        ready = folder / f"{name}.ready"
        ready.unlink(missing_ok=True)
        self.log = folder / f"{name}.log"
        environment = {**os.environ, "NEXOD_LEASE_S": str(lease_s), "NEXOD_LOG_FORMAT": "json"}
        environment.pop("DATABASE_OWNER_URL", None)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.worker", str(ready), str(threads)],
                env=environment,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parent.parent,
            )
        self._wait(ready)

    def _wait(self, ready: Path) -> None:
        until = time.monotonic() + READY_S
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"The worker did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Ask it to end as a deployment would; return its exit code."""
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def workers(folder: Path) -> Iterator[Any]:
    """Give ``start(name, lease_s=30, threads=4) -> Worker``; what still lives at the end is killed."""
    started: list[Worker] = []

    def start(name: str = "worker", *, lease_s: float = 30, threads: int = 4) -> Worker:
        started.append(Worker(folder, f"{name}{len(started)}", lease_s=lease_s, threads=threads))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.kill()


def main() -> None:
    ready, threads = sys.argv[1:]

    from celery import signals

    from nexod.celery import app

    def announce(**_: Any) -> None:
        from tests.probe import register

        register()
        import workflows.engine.loop  # noqa: F401  the first run of a test should not pay for the import

        Path(ready).touch()

    signals.worker_ready.connect(announce, weak=False)
    app.worker_main(["worker", "--pool=threads", f"--concurrency={threads}", "-Q", QUEUES, "--loglevel=INFO"])


if __name__ == "__main__":
    main()
