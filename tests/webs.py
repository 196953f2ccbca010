"""Web processes of the test stores, as many as a test wants, that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django_redis import get_redis_connection

from nexod.embedded.ports import free_port
from nexod.embedded.probes import http_ok

ROOT = Path(__file__).parent.parent
READY_S = 180


class Web:
    """One process that serves, without the role that owns the database."""

    def __init__(self, log: Path, **settings: str) -> None:
        self.port, self.log = free_port(), log
        given = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
        self._environment = given | settings
        self._process = self._started()

    def start_again(self) -> Web:
        """Serve at the same port once more, after ``kill``; return when it answers."""
        self._process = self._started()
        return self.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "nexod.asgi:application", "--port", str(self.port)]
        with self.log.open("ab") as file:
            return subprocess.Popen(
                [*command, "--no-access-log"], env=self._environment, cwd=ROOT, stdout=file, stderr=file
            )

    def wait(self) -> Web:
        """Return when it answers."""
        until = time.monotonic() + READY_S
        while not http_ok(f"http://127.0.0.1:{self.port}/health"):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The web process did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(60)

    def memory_mb(self) -> float:
        """Return how much of the machine's memory it has."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def web_processes(folder: Path, count: int, **settings: str) -> Iterator[list[Web]]:
    """Give so many web processes that are ready; they are killed at the end, for streams would hold them.

    What the killed held open would count for minutes, and the same people come to the next test.
    """
    folder.mkdir(parents=True, exist_ok=True)
    webs = [Web(folder / f"web{number}.log", **settings) for number in range(count)]
    try:
        yield [web.wait() for web in webs]
    finally:
        for web in webs:
            web.kill()
        valkey = get_redis_connection("default")
        if held := list(valkey.scan_iter("nexod:streams:*")):
            valkey.delete(*held)
