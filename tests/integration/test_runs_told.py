"""What watchers of a run and of the workspace are told live, and what the other tenant's are not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django_redis import get_redis_connection

from nexod.kernel import topics
from nexod.kernel.fold import EVERY_S
from nexod.kernel.outbox import outbox
from tests.workbench import Bench, ask, definition, output, text

PARKS = definition([text("a"), ask("ok"), output()])


async def heard(topic: topics.Topic, work: Any) -> list[dict[str, Any]]:
    """Return what comes over ``topic`` while ``work`` runs in a thread, what was folded included."""
    found: list[dict[str, Any]] = []
    last = asyncio.Event()

    async def listen(messages: Any) -> None:
        async for message in messages:
            if message.get("kind") == "the last":
                last.set()
            else:
                found.append(message)

    async with topics.subscribe(topic) as messages:
        listener = asyncio.create_task(listen(messages))
        await asyncio.to_thread(work)
        await asyncio.to_thread(outbox.drain)
        topics._send(topic, {"kind": "the last"})
        await asyncio.wait_for(last.wait(), 60)
        await asyncio.sleep(2 * EVERY_S)  # what is folded in this loop is told before this is over
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


async def test_the_workspace_hears_of_approvals_and_of_how_runs_stand(bench: Bench) -> None:
    def work() -> None:
        run = bench.ran(PARKS)
        outbox.drain()
        bench.decide(run.id, "approve")
        outbox.drain()
        bench.advance(run.id)
        outbox.drain()

    messages = await heard(topics.workspace_topic(bench.tenant("acme").pk), work)
    about_approvals = [message for message in messages if message["kind"] != "run.moved"]
    assert [message["kind"] for message in about_approvals] == ["approval.requested", "approval.decided"]
    assert about_approvals[0]["title"] == "Please decide"
    moved = [piece for message in messages if message["kind"] == "run.moved" for piece in message["moved"]]
    assert {piece["id"] for piece in moved} == {about_approvals[0]["run"]}
    assert moved[-1]["status"] == "completed"
    assert moved[-1]["seq"] == max(piece["seq"] for piece in moved)


async def test_a_run_that_waits_says_for_what(bench: Bench) -> None:
    messages = await heard(topics.workspace_topic(bench.tenant("acme").pk), lambda: bench.ran(PARKS))
    [last] = [message["moved"] for message in messages if message["kind"] == "run.moved"][-1]
    assert (last["status"], last["waiting_for"]) == ("waiting", "approval")


async def test_many_runs_are_told_in_few_messages(bench: Bench) -> None:
    """Sockets get how things are now, not everything that happened: it is put together where it is sent, and where it arrives."""

    def work() -> None:
        tenant = bench.tenant("acme").pk
        for number in range(1_000):
            piece = {"id": str(number % 50), "seq": number, "status": "running"}
            topics.moved(topics.workspace_topic(tenant), "run.moved", piece)

    messages = await heard(topics.workspace_topic(bench.tenant("acme").pk), work)
    assert len(messages) < 50
    newest = {piece["id"]: piece["seq"] for message in messages for piece in message["moved"]}
    assert newest == {str(number): 950 + number for number in range(50)}


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
