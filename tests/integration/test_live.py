"""A run is watched by SSE: joined, replayed, live; nothing twice, nothing missing, nothing of the other tenant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from django.db import connections
from django.test import Client
from prometheus_client import REGISTRY

from nexod.kernel import events, topics
from tests.live_stage import Stage
from workflows import live
from workflows.models import Run

STEP = {"node": "draft", "step": "s"}


def agent(text: str) -> events.Event:
    return events.AgentFinished(**STEP, agent="writer", text=text)


@asynccontextmanager
async def watching(client: httpx.AsyncClient, run: Run, query: str = "", **headers: str) -> AsyncIterator[Watch]:
    """Open the stream of the run's events and give what it carries."""
    accept = {"accept": "text/event-stream", **headers}
    async with client, client.stream("GET", f"/api/v1/runs/{run.pk}/events{query}", headers=accept) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream"
        yield Watch(response)


class Watch:
    """An open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.lines = response.aiter_lines()

    async def block(self) -> list[str] | None:
        """Return the next block of lines, or None at the end."""
        found: list[str] = []
        async for line in self.lines:
            if not line:
                return found
            found.append(line)
        return None

    async def events(self, count: int = 10_000) -> list[dict]:
        """Read that many events, or to the end."""
        found: list[dict] = []
        async with asyncio.timeout(20):
            while len(found) < count and (block := await self.block()) is not None:
                fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
                if "id" in fields:
                    message = json.loads(fields["data"])
                    assert (message["seq"], message["type"]) == (int(fields["id"]), fields["event"])
                    found.append(message)
        return found


def viewer(stage: Stage, slug: str = "acme") -> httpx.AsyncClient:
    return stage.program(slug, stage.key(slug, "viewer"))


async def test_what_happened_is_replayed_and_what_happens_follows(stage):
    run = await stage.run("acme")
    await stage.tell(run, agent("one"), agent("two"))
    async with watching(viewer(stage), run) as watch:
        before = await watch.events(3)
        await stage.tell(run, agent("three"), events.RunCompleted())
        after = await watch.events()
    assert [event["seq"] for event in before + after] == [1, 2, 3, 4, 5]
    assert [event["data"].get("text") for event in before[1:] + after[:1]] == ["one", "two", "three"]
    assert after[-1]["type"] == "run.completed"


@pytest.mark.parametrize(("query", "headers"), [("?after=3", {}), ("?after=1", {"last-event-id": "3"})])
async def test_a_client_that_comes_back_gets_only_what_it_missed(stage, query, headers):
    run = await stage.run("acme")
    await stage.tell(run, agent("one"), agent("two"), events.RunCompleted())
    async with watching(viewer(stage), run, query, **headers) as watch:
        assert [event["seq"] for event in await watch.events()] == [4]


async def test_a_client_that_saw_the_end_is_told_to_stop_asking(stage):
    run = await stage.run("acme")
    await stage.tell(run, events.RunCompleted())
    headers = {"accept": "text/event-stream", "last-event-id": "2"}
    async with viewer(stage) as client:
        assert (await client.get(f"/api/v1/runs/{run.pk}/events", headers=headers)).status_code == 204


async def test_events_that_come_while_the_table_is_read_come_once_and_in_order(stage):
    run = await stage.run("acme")

    async def work() -> None:
        for number in range(60):
            await stage.tell(run, agent(str(number)))
        await stage.tell(run, events.RunCompleted())

    async def watch() -> list[dict]:
        async with watching(viewer(stage), run) as watch:
            return await watch.events()

    stage.key("acme", "viewer")
    *told, _ = await asyncio.gather(*[watch() for _ in range(5)], work())
    for heard in told:
        assert [event["seq"] for event in heard] == list(range(1, 63))


async def test_a_long_past_is_replayed_page_by_page(stage, monkeypatch):
    monkeypatch.setattr(live, "PAGE", 10)
    run = await stage.run("acme")
    await stage.tell(run, *[agent(str(number)) for number in range(58)], events.RunCompleted())
    async with watching(viewer(stage), run) as watch:
        assert [event["seq"] for event in await watch.events()] == list(range(1, 61))


async def test_a_lost_push_is_repaired_from_the_table_by_the_next(stage, monkeypatch):
    run = await stage.run("acme")
    async with watching(viewer(stage), run) as watch:
        assert len(await watch.events(1)) == 1
        with monkeypatch.context() as wire:
            wire.setattr(topics, "_send", lambda topic, message: None)
            await stage.tell(run, agent("lost"), agent("lost too"))
        await stage.tell(run, events.RunCompleted())
        assert [event["seq"] for event in await watch.events()] == [2, 3, 4]


async def test_a_lost_last_push_is_found_at_the_next_heartbeat(stage, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.3)
    run = await stage.run("acme")
    async with watching(viewer(stage), run) as watch:
        assert len(await watch.events(1)) == 1
        with monkeypatch.context() as wire:
            wire.setattr(topics, "_send", lambda topic, message: None)
            await stage.tell(run, events.RunCompleted())
        assert [event["type"] for event in await watch.events()] == ["run.completed"]


async def test_silence_is_kept_open_by_comments(stage, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    run = await stage.run("acme")
    async with watching(viewer(stage), run) as watch:
        assert len(await watch.events(1)) == 1
        async with asyncio.timeout(5):
            assert await watch.block() == [": heartbeat"]


async def test_a_failed_run_that_was_resumed_is_followed_on(stage):
    run = await stage.run("acme")
    failed = events.RunFailed(reason=events.Reason(code="x", message="y"))
    await stage.tell(run, failed, events.RunResumed())
    async with watching(viewer(stage), run) as watch:
        past = await watch.events(3)
        await stage.tell(run, events.RunCompleted())
        rest = await watch.events()
    assert [event["type"] for event in past] == ["run.created", "run.failed", "run.resumed"]
    assert [event["type"] for event in rest] == ["run.completed"]


async def test_a_deleted_run_ends_the_stream(stage, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    run = await stage.run("acme")
    async with watching(viewer(stage), run) as watch:
        assert len(await watch.events(1)) == 1
        await stage.delete(run)
        assert await watch.events() == []


async def test_a_watcher_that_leaves_is_forgotten(stage):
    def watched() -> float:
        return REGISTRY.get_sample_value("nexod_live_watchers", {"kind": "sse"}) or 0

    run = await stage.run("acme")
    before = watched()
    async with watching(viewer(stage), run) as watch:
        assert len(await watch.events(1)) == 1
        assert watched() == before + 1
    async with asyncio.timeout(5):
        while watched() != before:
            await asyncio.sleep(0.02)


async def test_an_open_stream_holds_no_database_connection(stage):
    def in_use() -> int:
        stats = connections["default"].pool.get_stats()
        return stats["pool_size"] - stats["pool_available"]

    run, clients = await stage.run("acme"), [viewer(stage) for _ in range(3)]
    before = in_use()
    async with AsyncExitStack() as open_:
        for client in clients:
            watch = await open_.enter_async_context(watching(client, run))
            assert len(await watch.events(1)) == 1
        async with asyncio.timeout(5):
            while in_use() > before:
                await asyncio.sleep(0.02)


async def test_the_other_tenant_hears_nothing(stage):
    ours, theirs = await stage.run("acme"), await stage.run("globex")
    async with watching(viewer(stage, "globex"), theirs) as watch:
        assert len(await watch.events(1)) == 1
        await stage.tell(ours, agent("acme's secret"), events.RunCompleted())
        await stage.tell(theirs, events.RunCompleted())
        assert [event["seq"] for event in await watch.events()] == [2]


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_a_run_of_the_other_tenant_is_not_there(stage, accept):
    ours = await stage.run("acme")
    async with viewer(stage, "globex") as client:
        answer = await client.get(f"/api/v1/runs/{ours.pk}/events", headers={"accept": accept})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_key_of_one_tenant_opens_nothing_in_the_other(stage):
    run = await stage.run("globex")
    async with stage.program("globex", stage.key("acme", "viewer")) as client:
        answer = await client.get(f"/api/v1/runs/{run.pk}/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")


async def test_strangers_are_asked_for_a_key(stage):
    run = await stage.run("acme")
    async with stage.program("acme") as client:
        answer = await client.get(f"/api/v1/runs/{run.pk}/events")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="api"')
    assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]


async def test_a_key_without_the_scope_is_refused(stage):
    run = await stage.run("acme")
    async with stage.program("acme", stage.key("acme", "viewer", scopes=["run"])) as client:
        answer = await client.get(f"/api/v1/runs/{run.pk}/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")


async def test_a_key_that_is_revoked_meanwhile_is_shown_out(stage, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.2)
    run = await stage.run("acme")
    async with watching(viewer(stage), run) as watch:
        assert len(await watch.events(1)) == 1
        await stage.revoke_keys("acme")
        async with asyncio.timeout(5):
            blocks = [block async for block in aiter_blocks(watch)]
    assert blocks[-1][0] == "event: error"
    assert "not_authenticated" in blocks[-1][1]


async def aiter_blocks(watch: Watch) -> AsyncIterator[list[str]]:
    while (block := await watch.block()) is not None:
        yield block


def test_a_session_reads_pages_with_a_cursor(stage):
    run = stage.run_now("acme")
    stage.tell_now(run, *[agent(str(number)) for number in range(6)])
    client: Client = stage.browser("acme", "viewer")
    page = client.get(f"/api/v1/runs/{run.pk}/events?limit=4").json()
    assert [event["seq"] for event in page["results"]] == [1, 2, 3, 4]
    assert set(page["results"][0]) == {"seq", "type", "at", "data"}
    rest = client.get(page["next"]).json()
    assert [event["seq"] for event in rest["results"]] == [5, 6, 7]
    assert rest["next"] is None


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99999999999", "after=2147483648", "limit=x"])
def test_odd_numbers_are_refused(stage, query):
    answer = stage.browser("acme", "viewer").get(f"/api/v1/runs/{uuid4()}/events?{query}")
    assert answer.json()["error"]["code"] in ("invalid", "not_found")
    assert answer.status_code in (400, 404)


def test_only_reading_is_possible(stage):
    answer = stage.browser("acme", "owner").post(f"/api/v1/runs/{uuid4()}/events", {}, content_type="application/json")
    assert answer.status_code in (403, 405)
