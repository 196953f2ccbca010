"""Watchers of a tenant that is suspended are shown out; one socket cannot keep everybody's busy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collaboration import presence
from collaboration.consumers.workspace import WorkspaceConsumer
from nexod.kernel import topics
from tenants.actions.lifecycle import set_status
from tenants.context import enter_platform
from tests.live_stage import Stage
from workflows import live


def socket(stage: Stage, path: str) -> connect:
    headers = {"authorization": f"Bearer {stage.key('acme', 'viewer')}"}
    url = f"ws://acme.test:{stage.port}{path}"
    return connect(url, host="127.0.0.1", port=stage.port, additional_headers=headers, proxy=None)


@contextmanager
def _suspended(stage: Stage) -> Iterator[None]:
    tenant = stage.tenant("acme")
    try:
        with enter_platform():
            set_status(tenant=tenant, status="suspended")
        tenant.status = "active"  # the row that the test holds is shared with other tests
        yield
    finally:
        with enter_platform():
            set_status(tenant=tenant, status="active")


async def shown_out(opened: ClientConnection) -> int | None:
    """Read until the server closes; return the code."""
    async with asyncio.timeout(60):
        try:
            while True:
                await opened.recv()
        except ConnectionClosed:
            return opened.close_code


@pytest.fixture
async def suspend(stage):
    """Return a coroutine that suspends acme until the test is over."""
    entered = _suspended(stage)
    begun: list[bool] = []

    async def begin() -> None:
        begun.append(True)
        await asyncio.to_thread(entered.__enter__)

    yield begin
    if begun:
        await asyncio.to_thread(entered.__exit__, None, None, None)


async def test_who_watches_a_run_is_shown_out(stage, suspend, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.2)
    run = await stage.run("acme")
    async with socket(stage, f"/ws/runs/{run.pk}/") as opened:
        await opened.recv()
        await suspend()
        assert await shown_out(opened) == 4403


async def test_who_watches_the_workspace_is_shown_out(stage, suspend, monkeypatch):
    monkeypatch.setattr(presence, "BEAT_S", 0.2)
    async with socket(stage, "/ws/workspace/") as opened:
        await opened.recv()
        await suspend()
        assert await shown_out(opened) == 4403


async def test_a_stream_of_events_ends_with_the_reason(stage, suspend, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.2)
    key, run = stage.key("acme", "viewer"), await stage.run("acme")
    headers = {"accept": "text/event-stream"}
    async with (
        stage.program("acme", key) as program,
        program.stream("GET", f"/api/v1/runs/{run.pk}/events", headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        await anext(lines)
        await suspend()
        async with asyncio.timeout(60):
            rest = [line async for line in lines]
    assert "event: error" in rest
    assert any('"code": "tenant_suspended"' in line for line in rest)


async def test_a_chatty_socket_is_not_passed_on_at_every_word(stage, monkeypatch):
    told: list[object] = []
    real = topics.publish
    monkeypatch.setattr(topics, "publish", lambda topic, message: (told.append(message), real(topic, message)))
    arrived: list[str] = []
    arrive = WorkspaceConsumer._arrive
    monkeypatch.setattr(
        WorkspaceConsumer, "_arrive", lambda self, news: (arrived.append(self.here[0]), arrive(self, news))[1]
    )
    async with socket(stage, "/ws/workspace/") as opened:
        await opened.recv()
        for number in range(300):
            await opened.send(json.dumps({"kind": "here", "page": f"/{number}"}))
        await asyncio.sleep(0.5)
        assert len(arrived) <= 3
        assert len(told) <= 3
