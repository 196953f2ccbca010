"""A small client of Nexod's REST API for one tenant, and the reader of its event streams."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from nexod.kernel.errors import NexodError

TIMEOUT_S = 30.0
SILENCE_TIMEOUT_S = 60.0  # the stream has heartbeats
ENDINGS = frozenset({"run.completed", "run.failed", "run.cancelled"})
MOST_BREAKS = 20  # in a row; a run may wait for a person for days
RECONNECT_PAUSE_S = 1.0


class ApiRefused(NexodError):
    """The API did not do what was asked."""

    code = "api_refused"


class Api:
    """The API at ``base_url`` as the tenant of ``host`` sees it; the host is sent apart, since no resolver knows it."""

    def __init__(self, base_url: str, host: str, key: str) -> None:
        headers = {"Host": host, "Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=f"{base_url}/api/v1", headers=headers, timeout=TIMEOUT_S, trust_env=False)

    def get(self, path: str, **query: str) -> Any:
        """Return the answer's JSON. Raises ApiRefused."""
        return self._checked(self._http.get(path, params=query)).json()

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Yield every row of a list, page after page."""
        answer = self.get(path, **query)
        yield from answer["results"]
        while answer["next"]:
            answer = self._checked(self._http.get(answer["next"].split("/api/v1", 1)[1])).json()
            yield from answer["results"]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON and return the answer's. Raises ApiRefused."""
        return self._checked(self._http.post(path, json=body)).json()

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Change a row and return it. Raises ApiRefused."""
        return self._checked(self._http.patch(path, json=body)).json()

    def upload(self, path: str, file: Path, **fields: str) -> Any:
        """Send a file and return the answer's JSON. Raises ApiRefused."""
        with file.open("rb") as content:
            return self._checked(self._http.post(path, data=fields, files={"file": (file.name, content)})).json()

    def delete(self, path: str) -> None:
        """Delete. Raises ApiRefused."""
        self._checked(self._http.delete(path))

    def text(self, url: str) -> str:
        """Return the text at a path of the tenant's host."""
        return self._checked(self._http.get(url.split("/api/v1", 1)[1])).text

    def events(self, run_id: str) -> Iterator[dict[str, Any]]:
        """Yield a run's events as they happen, from the first to its end; a stream that breaks is resumed where it was."""
        seen, breaks = 0, 0
        while breaks < MOST_BREAKS:
            began = time.monotonic()
            try:
                for event in self._stream(run_id, seen):
                    seen = event["seq"]
                    yield event
                    if event["type"] in ENDINGS:
                        return
            except httpx.TransportError:
                time.sleep(RECONNECT_PAUSE_S)
            breaks = 0 if time.monotonic() - began > SILENCE_TIMEOUT_S else breaks + 1
        raise ApiRefused("The event stream broke again and again; see the log of the web service.")

    def _stream(self, run_id: str, after: int) -> Iterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_TIMEOUT_S)
        with self._http.stream("GET", f"/runs/{run_id}/events", headers=headers, timeout=timeout) as response:
            if response.is_error:
                response.read()
            self._checked(response)
            kind = ""
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                kind = value if name == "event" else kind
                if name == "data" and kind == "error":
                    raise ApiRefused(json.loads(value)["message"])
                if name == "data":
                    yield json.loads(value)

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        request = f"{response.request.method} {response.request.url.path}"
        raise ApiRefused(f"{request}: {response.status_code} {_reason(response)}")


def _reason(response: httpx.Response) -> str:
    """Return the envelope's message with what is wrong with each field, or the body's beginning."""
    try:
        error = response.json()["error"]
        details = error["details"]
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
    fields = [f"{item.get('field')}: {item.get('message')}" for item in details] if isinstance(details, list) else []
    return "; ".join([str(error["message"]), *fields])
