"""How late a busy machine is with everything: what a promise in seconds is given on top of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

EVERY_S = 0.1


class Lateness:
    """The longest that a plain request took meanwhile, with what this process itself was late."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def allowed(self, seconds: float) -> float:
        """Return the promise, and what the machine took for asking and for being asked."""
        return seconds + 2 * self.seconds

    async def watch(self, port: int) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while True:
                began = time.monotonic()
                await asyncio.sleep(EVERY_S)
                await client.get("/health")
                self.seconds = max(self.seconds, time.monotonic() - began - EVERY_S)


@asynccontextmanager
async def lateness(port: int) -> AsyncIterator[Lateness]:
    """Measure inside the block how late the web process at that port answers."""
    found = Lateness()
    watching = asyncio.create_task(found.watch(port))
    try:
        yield found
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
