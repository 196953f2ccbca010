"""OpenAI's chat completions over our HTTP client, each event a plain dict: what LangChain's model is given as its ``client``.

openai's own client makes objects of every event, which LangChain then makes dicts of again: two thirds of what a call costs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents.llm.refusals import ProviderRefused

if TYPE_CHECKING:
    import httpx

DATA, END = b"data:", b"[DONE]"
IN_THE_MIDDLE = 503
"""What an error amounts to that comes after the answer began: it may be gone the next time."""


class Completions:
    """``POST <url>``, streamed."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url, self._headers = url, dict(headers)

    @contextmanager
    def create(self, *, extra_body: Mapping[str, Any] | None = None, **body: Any) -> Iterator[Iterator[Any]]:
        """Send the body and give the events of the answer."""
        from agents.llm.client import egress

        asked = {**body, **(extra_body or {})}
        with egress().stream("POST", self._url, json=asked, headers=self._headers) as answer:
            yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[Any]:
    """Yield the JSON of each event (WHATWG HTML, 9.2: of its fields, servers of this protocol use ``data`` alone)."""
    for line in _lines(answer):
        if not line.startswith(DATA):
            continue
        data = line[len(DATA) :].strip()
        if data.startswith(END):
            return
        event = json.loads(data)
        if isinstance(event, dict) and event.get("error"):
            raise ProviderRefused(IN_THE_MIDDLE, str(event["error"]))
        yield event


def _lines(answer: httpx.Response) -> Iterator[bytes]:
    rest = b""
    for part in answer.iter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
    yield rest
