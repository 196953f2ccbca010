"""A client of one tenant for the length of one visit. It shows the judge everything that it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import aiohttp

from tests.hammer.judge import Judge
from tests.hammer.resident import Resident

TIMEOUT_S = 30
BUSY, BUSY_SHARE, BUSY_FOR = 3, 0.5, 500


class Interrupted(Exception):
    """The visit cannot go on; the judge has been told why."""


@dataclass
class Town:
    """What all visits share: the tenants, the servers, one session over whose connections all tenants' requests go."""

    residents: list[Resident]
    outcast: Resident
    ports: list[int]
    judge: Judge
    dice: Random
    session: aiohttp.ClientSession = field(init=False)
    turn: count[int] = field(default_factory=count)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the session for as long as the block runs."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout
        ) as self.session:
            yield

    def address(self, port: int = 0) -> str:
        """Return a server's address, each in turn."""
        return f"127.0.0.1:{port or self.ports[next(self.turn) % len(self.ports)]}"

    def somebody(self) -> Resident:
        """Return a tenant: half of the visits are to the few that are busy now, so that the same one comes twice in a row."""
        if self.dice.random() < BUSY_SHARE:
            first = self.judge.requests // BUSY_FOR * BUSY
            return self.residents[(first + self.dice.randrange(BUSY)) % len(self.residents)]
        return self.dice.choice(self.residents)

    def other_than(self, resident: Resident) -> Resident:
        """Return some other tenant."""
        return self.dice.choice([other for other in self.residents if other is not resident])


class Visitor:
    """One visit of one kind to one tenant."""

    def __init__(self, town: Town, resident: Resident, kind: str) -> None:
        self.town, self.resident, self.kind = town, resident, kind
        self.judge, self.dice = town.judge, town.dice

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers of a program with its key; ``more`` replaces them, an empty one takes a header away."""
        own = {"host": self.resident.host, "authorization": f"Bearer {self.resident.key}", "x-request-id": self.tag()}
        return {name.replace("_", "-"): value for name, value in {**own, **more}.items() if value}

    def tag(self) -> str:
        """Return a request id that carries the mark into every log line."""
        return f"{self.resident.mark}-{next(self.town.turn)}"

    async def ask(
        self, path: str, *, method: str = "GET", expects: Iterable[int] = (200,), own: bool = True,
        headers: dict[str, str] | None = None, **body: Any,
    ) -> bytes:  # fmt: skip
        """Return the judged body of an answer with an expected status; raise Interrupted for any other."""
        async with self.asking(path, method=method, headers=headers, **body) as answer:
            text = await answer.read()
        where = f"{method} {_shape(path)}"
        if answer.status not in expects:
            self.judge.look(self.kind, self.resident.number, text, where)
            self.broke(f"{answer.status} {where}")
        self.judge.read(self.kind, self.resident.number, text, where, expects_own=own)
        return text

    @asynccontextmanager
    async def asking(  # type: ignore[no-untyped-def]
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, port: int = 0, **body: Any
    ):
        """Give the answer before its body; count the request."""
        address = self.town.address(port)
        self.judge.asked(self.kind)
        try:
            async with self.town.session.request(
                method, f"http://{address}{path}", headers=headers or self.headers(), allow_redirects=False,
                **body,
            ) as answer:  # fmt: skip
                yield answer
        except (aiohttp.ClientError, TimeoutError) as error:
            self.broke(f"{type(error).__name__} {_shape(path)}")

    @asynccontextmanager
    async def socket(self, path: str, *, headers: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
        """Give an open socket; its exchanges are counted by whoever holds them."""
        try:
            async with self.town.session.ws_connect(
                f"ws://{self.town.address()}{path}", headers=headers or self.headers()
            ) as opened:
                yield opened
        except (aiohttp.ClientError, TimeoutError) as error:
            self.judge.asked(self.kind)
            self.broke(f"{type(error).__name__} {_shape(path)}")

    def broke(self, why: str) -> None:
        """Tell the judge, and end the visit."""
        self.judge.fail(self.kind, why)
        raise Interrupted(why)


def _shape(path: str) -> str:
    """Return the path without ids and queries, so that reasons can be counted."""
    parts = path.partition("?")[0].split("/")
    return "/".join("*" if len(part) == 36 or part.isdigit() else part for part in parts)
