"""What watchers of a run and of the workspace are told live, and what the other tenant's are not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django_redis import get_redis_connection

from nexod.kernel import topics
from tests.workbench import Bench, ask, definition, output, text

PARKS = definition([text("a"), ask("ok"), output()])


async def heard(topic: topics.Topic, work: Any) -> list[dict[str, Any]]:
    """Return what comes over ``topic`` while ``work`` runs in a thread, and shortly after."""
    found: list[dict[str, Any]] = []

    hear = found.append

    async def listen(messages: Any) -> None:
        async for message in messages:
            hear(message)

    async with topics.subscribe(topic) as messages:
        listener = asyncio.create_task(listen(messages))
        await asyncio.to_thread(work)
        await asyncio.sleep(0.5)
        listener.cancel()
    return found


async def test_the_runs_topic_carries_every_event_as_it_is_stored(bench: Bench) -> None:
    run = await asyncio.to_thread(bench.start, PARKS)
    messages = await heard(topics.run_topic(bench.tenant("acme").pk, str(run)), lambda: bench.advance(run))
    stored = await asyncio.to_thread(bench.events, run)
    assert [event for message in messages for event in message["events"]] == [
        event.as_message() for event in stored[1:]
    ]
    assert [len(message["events"]) for message in messages] == [1, 4, 1], "what is committed together is told together"


async def test_the_workspace_hears_of_approvals_and_ends(bench: Bench) -> None:
    def work() -> None:
        run = bench.ran(PARKS)
        bench.decide(run.id, "approve")
        bench.advance(run.id)

    messages = await heard(topics.workspace_topic(bench.tenant("acme").pk), work)
    assert [message["kind"] for message in messages] == ["approval.requested", "approval.decided", "run.finished"]
    assert messages[0]["title"] == "Please decide"
    assert messages[2]["status"] == "completed"


async def test_the_other_tenants_workspace_hears_nothing(bench: Bench) -> None:
    assert await heard(topics.workspace_topic(bench.tenant("globex").pk), lambda: bench.ran(PARKS)) == []


def test_a_hint_that_fails_does_not_reach_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(topic: topics.Topic, message: dict[str, Any]) -> None:
        raise RuntimeError("the wire is cut")

    monkeypatch.setattr(topics, "_send", fails)
    run = bench.ran(definition([text("a"), output()]))
    assert (run.status, bench.types(run.id)[-1]) == ("completed", "run.completed")


def test_who_started_a_run_is_told_of_its_end_unless_it_completed_at_once(bench: Bench) -> None:
    def messages() -> int:
        return int(get_redis_connection("default").llen("nexod.celery.default"))

    before = messages()
    assert bench.ran(definition([text("a"), output()])).status == "completed"
    assert messages() == before
    assert bench.ran(definition([text("a", "{{ 1 // 0 }}"), output()])).status == "failed"
    assert messages() == before + 1
