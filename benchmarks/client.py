"""A client that costs as little as a client can, since it shares the machine with what it measures."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TIMEOUT_S = 30
ENDS = {
    b"event: run.completed\n": "completed",
    b"event: run.failed\n": "failed",
    b"event: run.cancelled\n": "cancelled",
}


class Client:
    """One connection that is kept alive, to one tenant's host, behind what says it is a TLS proxy."""

    def __init__(self, port: int, host: str, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._headers = {"Host": host, "Authorization": f"Bearer {key}", "X-Forwarded-Proto": "https"}

    def get(self, path: str) -> Any:
        """Return the JSON of a path that answers 200."""
        return self._ask("GET", path, None, 200)

    def post(self, path: str, body: Any, *, expects: int) -> Any:
        """Return the JSON of a POST that answers as expected."""
        return self._ask("POST", path, json.dumps(body), expects)

    def start_and_watch(self, path: str, body: Any) -> str:
        """Start a run and follow its events in one request; return its last status as ``watch`` does."""
        self._connection.request(
            "POST", path, json.dumps(body), {**self._streaming, "Content-Type": "application/json"}
        )
        return self._followed("run")

    def watch(self, run: str) -> str:
        """Follow the run's event stream; return its last status at the moment when the event with it arrived."""
        self._connection.request("GET", f"/api/v1/runs/{run}/events", headers=self._streaming)
        return self._followed(f"run {run}")

    @property
    def _streaming(self) -> dict[str, str]:
        return {**self._headers, "Accept": "text/event-stream"}

    def _followed(self, run: str) -> str:
        stream = self._connection.getresponse()
        heard = []
        for line in iter(stream.readline, b""):
            if line in ENDS:
                self._rest = stream
                return ENDS[line]
            heard.append(line)
        raise RuntimeError(f"The stream of {run} ended before the run ({stream.status}): {heard[-4:]}")

    def finish(self) -> None:
        """Read the rest of the stream, so that the connection can be used again."""
        self._rest.read()

    def _ask(self, method: str, path: str, body: str | None, expects: int) -> Any:
        self._connection.request(method, path, body, {**self._headers, "Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != expects:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {text[:300]!r}")
        return json.loads(text)


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that ``work`` took."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def closed_loop(clients: list[Callable[[], float]], seconds: float) -> list[float]:
    """Let all work at once, each again as soon as it is done, and return the milliseconds that each of them gave."""
    until = time.monotonic() + seconds

    def loop(work: Callable[[], float]) -> list[float]:
        taken = []
        while time.monotonic() < until:
            taken.append(work())
        return taken

    with ThreadPoolExecutor(len(clients)) as threads:
        return [value for values in threads.map(loop, clients) for value in values]
