"""What a stream that is soon over costs the database: who came in is looked at when it was let in, and never again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from django.db.backends.utils import CursorWrapper

from nexod.kernel import events
from tenants.accounts import standing
from tests.live_stage import Stage

STREAM = {"accept": "text/event-stream"}
MARKS = standing.MARKS.strip()[:40]
KEY = 'SELECT "accounts_apikey"'


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the statements of every thread, as they are sent."""
    found: list[str] = []
    execute: Callable[..., object] = CursorWrapper.execute

    def noted(self: CursorWrapper, sql: str, params: object = None) -> object:
        found.append(str(sql).strip())
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", noted)
    return found


async def test_a_stream_that_is_soon_over_is_not_looked_at_again(stage: Stage, told: list[str]):
    """The host, the key, its last use, the run, the events, the run once more. A look, once a second, may meet one by chance."""
    key = stage.key("acme", "viewer")
    async with stage.program("acme", key) as caller, asyncio.timeout(120):
        while True:
            asked = await statements_of_a_short_stream(stage, caller, told)
            if not any(MARKS in sql for sql in asked) and len(asked) <= 6:
                return


async def statements_of_a_short_stream(stage: Stage, caller: httpx.AsyncClient, told: list[str]) -> list[str]:
    run = await stage.run("acme")
    asked: list[str] = []
    told.clear()
    async with caller.stream("GET", f"/api/v1/runs/{run.pk}/events", headers=STREAM) as answer:
        async for line in answer.aiter_lines():
            if line == "event: run.created":
                asked = list(told)
                await stage.tell(run, events.RunCompleted())
            if line == "event: run.completed":
                break
    return asked


async def test_who_stays_is_looked_at(stage: Stage, told: list[str]):
    run = await stage.run("acme")
    key = stage.key("acme", "viewer")
    path = f"/api/v1/runs/{run.pk}/events"
    async with (
        asyncio.timeout(60),
        stage.program("acme", key) as caller,
        caller.stream("GET", path, headers=STREAM) as answer,
    ):
        assert answer.status_code == 200
        while not any(MARKS in sql for sql in told):
            await asyncio.sleep(0.05)


async def test_streams_of_one_person_are_admitted_anew_together(stage: Stage, told: list[str]):
    """A crowd that came at once costs one look, not one for each."""
    keys = ("acme", "viewer")
    runs = [await stage.run("acme") for _ in range(4)]
    async with stage.program("acme", stage.key(*keys)) as caller, asyncio.timeout(60), AsyncExitStack() as stack:
        for run in runs:
            opened = caller.stream("GET", f"/api/v1/runs/{run.pk}/events", headers=STREAM)
            await stack.enter_async_context(opened)
        told.clear()
        while sum(MARKS in sql for sql in told) < 2:
            await asyncio.sleep(0.05)
    assert sum(sql.startswith(KEY) for sql in told) <= 2  # of those who came in before and after a look
