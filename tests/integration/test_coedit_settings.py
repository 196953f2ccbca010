"""The rooms of agents, crews and knowledge bases: begun once, whoever comes; written by who may change them, gone with them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pycrdt
import pytest

from agents.actions.agents import delete_agent
from agents.models import Agent, Crew, CrewTask, KnowledgeBase
from collaboration.crdt import frames, store
from nexod.kernel.identifiers import new_id
from tenants.accounts.models import User
from tests import cast
from tests.documents import Editor, editor, key, papers
from tests.integration.test_live_sockets import socket
from tests.integration.test_sockets_shown_out import LOSSES, PATIENCE_S, ROLE, WITHIN_S, ended, put_back
from tests.lateness import lateness
from tests.live_stage import Stage

__all__ = ["key", "papers", "put_back"]
Make = Callable[[], Any]


def agent(pk: Any) -> None:
    Agent.objects.create(pk=pk, slug=f"agent-{pk.hex[-12:]}", name="Scout", role="r", goal="Find.")


def crew(pk: Any) -> None:
    made = Crew.objects.create(pk=pk, slug=f"crew-{pk.hex[-12:]}", name="Scouts")
    CrewTask.objects.create(crew=made, slug="look", order=1, description="Look.", expected_output="A list.")


def knowledge(pk: Any) -> None:
    KnowledgeBase.objects.create(pk=pk, slug=f"base-{pk.hex[-12:]}", name="Handbook")


MODELS = {"agent": (agent, Agent), "crew": (crew, Crew), "knowledge": (knowledge, KnowledgeBase)}


@pytest.fixture(params=sorted(MODELS))
async def name(request: Any, stage: Stage, papers: Any) -> AsyncIterator[str]:
    """Give the name of a document of each kind in acme, about a row that goes afterwards."""
    pk, (make, model) = new_id(), MODELS[request.param]
    await stage.within("acme", lambda: make(pk))
    yield f"{request.param}:{pk}"

    def clear() -> None:
        papers.rest()
        store.forget(f"{request.param}:{pk}")
        model.objects.filter(pk=pk).delete()

    await stage.within("acme", clear)


def title(one: Editor) -> str:
    return str(one.document.get("settings", type=pycrdt.Map)["name"])


async def test_six_open_it_at_once_and_it_begins_once(stage: Stage, name: str, key: str) -> None:
    async with AsyncExitStack() as stack:
        opening = [stack.enter_async_context(editor(stage, name, key=key)) for _ in range(6)]
        six = await asyncio.gather(*opening)
        await asyncio.gather(*(one.sync() for one in six))
        whole = {one.document.get_update() for one in six}
        assert len(whole) == 1
        before = six[0].document.get_state()
        text = six[0].document.get("settings", type=pycrdt.Map)["name"]
        text.insert(0, "Our ")
        await six[0].send(frames.change(six[0].document.get_update(before)))
        for one in six:
            await one.until(lambda one: title(one).startswith("Our "))
        assert len({title(one) for one in six}) == 1


async def test_a_viewer_follows_and_is_shown_out_when_it_writes(stage: Stage, name: str) -> None:
    async with editor(stage, name, role="viewer") as viewer:
        await viewer.sync()
        assert title(viewer) in ("Scout", "Scouts", "Handbook")
        before = viewer.document.get_state()
        viewer.document.get("settings", type=pycrdt.Map)["name"] = pycrdt.Text("Mine")
        await viewer.send(frames.change(viewer.document.get_update(before)))
        assert await viewer.closed() == 4403


async def test_another_tenant_has_no_such_room(stage: Stage, name: str) -> None:
    async with editor(stage, name, role="owner", slug="globex") as stranger:
        assert await stranger.closed() == 4404


async def test_who_is_in_it_when_it_is_deleted_is_shown_out(stage: Stage, key: str, papers: Any) -> None:
    pk = new_id()
    await stage.within("acme", lambda: agent(pk))
    async with editor(stage, f"agent:{pk}", key=key) as one:
        await one.sync()

        def delete() -> None:
            actor = User.objects.get(email=cast.email("acme", "editor"))
            delete_agent(actor=actor, agent=Agent.objects.get(pk=pk))

        await stage.within("acme", delete)
        assert await one.closed() == 4404


@pytest.mark.parametrize(
    ("by", "lose", "code"),
    [(by, lose, code) for by, lose, _, code in LOSSES],
    ids=[f"{one[0]}-{one[1].__name__}" for one in LOSSES],
)
@pytest.mark.usefixtures("put_back")
async def test_who_may_not_stay_is_shown_out_and_nobody_else(
    stage: Stage, name: str, by: str, lose: Callable[..., None], code: int
) -> None:
    headers = {"cookie": stage.session("acme", ROLE)}
    if by == "key":
        headers = {"authorization": f"Bearer {stage.key('acme', ROLE)}"}
    owner, path = {"cookie": stage.session("acme", "owner")}, f"/ws/documents/{name}/"
    async with (
        socket(stage, path, **headers) as one,
        socket(stage, path, **owner) as other,
        lateness(stage.port) as late,
    ):
        await one.recv()
        await other.recv()
        waiting = asyncio.create_task(ended(one))
        await stage.within("acme", lambda: lose(stage, headers))
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            told, at = await waiting
        assert told == code
        assert at - began < late.allowed(WITHIN_S)
        if lose.__name__ != "suspend":
            assert other.close_code is None
