"""A POST that starts a run can be answered with the run's events as they happen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from agents.models import Agent
from nexod.kernel import events
from tests.live_stage import Stage
from workflows.models import Run

STREAM = {"accept": "text/event-stream"}
SCOPES = ("read", "run")
TASK = {"inputs": {"task": "Say hello"}}


@pytest.fixture
async def path(stage: Stage) -> AsyncIterator[str]:
    """Return where runs of an agent of acme's are started."""

    def make() -> Agent:
        return Agent.objects.create(slug="greeter", name="Greeter", role="Greeter", goal="Greet")

    def remove() -> None:
        Run.objects.filter(agent=agent).delete()
        agent.delete()

    agent = await stage.within("acme", make)
    yield f"/api/v1/agents/{agent.pk}/runs"
    await stage.within("acme", remove)


def program(stage: Stage, slug: str = "acme", scopes: tuple[str, ...] = SCOPES) -> httpx.AsyncClient:
    return stage.program(slug, stage.key(slug, "editor", scopes=scopes))


async def runs(stage: Stage) -> list[Run]:
    return await stage.within("acme", lambda: list(Run.objects.filter(agent__slug="greeter").order_by("id")))


async def heard(answer: httpx.Response, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                break
    return found


async def test_a_run_is_watched_from_its_first_event_to_its_last(stage, path):
    async with program(stage) as caller, caller.stream("POST", path, json=TASK, headers=STREAM) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        [run] = await runs(stage)
        run.tenant = stage.tenant("acme")
        assert answer.headers["location"] == f"/api/v1/runs/{run.pk}"
        await stage.tell(run, events.RunCompleted())
        told = await heard(answer, 2)
    assert [(event["seq"], event["type"]) for event in told] == [(1, "run.created"), (2, "run.completed")]


async def test_a_repeated_start_watches_the_same_run(stage, path):
    headers = {**STREAM, "idempotency-key": "once"}
    async with program(stage) as caller:
        seen = []
        for _ in range(2):
            async with caller.stream("POST", path, json=TASK, headers=headers) as answer:
                seen.append((answer.headers["location"], answer.headers.get("idempotency-replayed")))
                await heard(answer, 1)
    [run] = await runs(stage)
    assert seen == [(f"/api/v1/runs/{run.pk}", None), (f"/api/v1/runs/{run.pk}", "true")]


async def test_what_is_refused_is_said_in_json_and_starts_nothing(stage, path, settings):
    async with program(stage) as caller:
        refused = await caller.post(path, json={"inputs": {"tusk": 1}}, headers=STREAM)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "inputs_invalid")
    async with program(stage, scopes=("run",)) as caller:
        refused = await caller.post(path, json=TASK, headers=STREAM)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
    async with program(stage, "globex") as stranger:
        assert (await stranger.post(path, json=TASK, headers=STREAM)).status_code == 404
    settings.NEXOD_STREAMS_PER_PERSON = 0
    async with program(stage) as caller:
        refused = await caller.post(path, json=TASK, headers=STREAM)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
    assert await runs(stage) == []


async def test_who_was_refused_holds_no_stream(stage, path, settings):
    settings.NEXOD_STREAMS_PER_PERSON = 1
    async with program(stage) as caller:
        for _ in range(2):
            assert (await caller.post(path, json={"inputs": {"tusk": 1}}, headers=STREAM)).status_code == 400
        async with caller.stream("POST", path, json=TASK, headers=STREAM) as answer:
            assert answer.status_code == 200
            refused = await caller.post(path, json=TASK, headers=STREAM)
            assert refused.status_code == 429
        [run] = await runs(stage)
        assert UUID(answer.headers["location"].rsplit("/", 1)[1]) == run.pk
