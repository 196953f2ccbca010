"""Who is here: once, where, how near, and told only to those who may see the place."""

from __future__ import annotations

import asyncio
import json

import pytest
from django.contrib.auth.models import Permission
from redis import Redis
from websockets.exceptions import ConnectionClosed

from collaboration import presence
from collaboration.consumers.workspace import WorkspaceConsumer
from nexod.kernel.hub import Message
from nexod.kernel.identifiers import new_id
from tenants.context import enter_tenant
from tests.integration.test_live_sockets import socket, until, viewer

ID = "0190a0a0-0000-7000-8000-00000000feed"
RUN = f"/admin/workflows/run/{ID}/change/"


@pytest.fixture
def here(acme, globex):
    """Return ``here(tenant, user, ...)``: somebody who stands somewhere; whoever came is gone afterwards."""
    came = []

    def arrive(tenant, user, page="", state="active"):
        from collaboration.pages import subject_of

        with enter_tenant(tenant):
            came.append((tenant, f"{user}-{page}"))
            presence.arrive(
                socket=f"{user}-{page}",
                user=str(user.pk),
                name=str(user),
                page=page,
                subject=subject_of(page),
                state=state,
            )

    yield arrive
    for tenant, name in came:
        with enter_tenant(tenant):
            presence.leave(socket=name)


def test_a_person_on_two_pages_is_here_once_and_as_near_as_in_the_nearest(program, acme, globex, person, here):
    editor = person("acme", "editor")
    here(acme, editor, RUN, "away")
    here(acme, editor, "/admin/workflows/workflow/", "idle")
    here(globex, person("globex", "owner"), RUN)
    [one] = program("acme", "owner").get("presence")["people"]
    assert one == {
        "user": str(editor.pk), "name": "Editor Person", "state": "idle", "pages": sorted([RUN, "/admin/workflows/workflow/"]),
        "subjects": [f"run:{ID}"],
    }  # fmt: skip


def test_people_are_found_by_page_and_by_subject(program, acme, person, here):
    here(acme, person("acme", "editor"), RUN)
    here(acme, person("acme", "admin"), "/admin/")
    owner = program("acme", "owner")

    def found(query):
        return [one["name"] for one in owner.get(f"presence?{query}")["people"]]

    assert found("page=/admin/") == ["Admin Person"]
    assert found(f"subject=run:{ID}") == ["Editor Person"]
    assert found(f"subject=workflow:{ID}") == []
    assert owner("get", "presence?subject=run").status_code == 400


def test_a_place_that_somebody_may_not_see_is_not_told(program, acme, person, here):
    here(acme, person("acme", "owner"), RUN)
    viewer_ = person("acme", "viewer")
    with enter_tenant(acme):
        [group] = viewer_.groups.all()
        viewer_.groups.clear()
        viewer_.user_permissions.set(Permission.objects.filter(group=group).exclude(codename="view_run"))
    client = program("acme", "viewer")
    [one] = client.get("presence")["people"]
    assert (one["name"], one["pages"], one["subjects"]) == ("Olive Owner", [], [])
    assert client.get(f"presence?page={RUN}")["people"] == client.get(f"presence?subject=run:{ID}")["people"] == []


def test_who_is_here_cannot_be_told_while_valkey_is_away(program, monkeypatch):
    client = program("acme", "owner")
    monkeypatch.setattr(presence, "valkey", lambda: Redis(port=1))
    refused = client("get", "presence")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "presence_away")


async def heard_for_ever(opened):
    while True:
        await opened.recv()


async def test_a_workspace_that_cannot_tell_who_is_here_says_come_again(stage, monkeypatch):
    monkeypatch.setattr(presence, "valkey", lambda: Redis(port=1))
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as opened:
        with pytest.raises(ConnectionClosed, match="1013"):
            await heard_for_ever(opened)


async def test_a_socket_tells_where_and_how_near_its_person_is(stage):
    async with (
        socket(stage, "/ws/workspace/", **viewer(stage)) as first,
        socket(stage, "/ws/workspace/", **viewer(stage, role="editor")) as second,
    ):
        await second.send(json.dumps({"kind": "here", "page": "/one", "subject": f"run:{ID}", "state": "idle"}))
        while True:
            editor = (await until(first, "presence"))["people"][0]
            if editor["pages"]:
                break
        assert editor["name"] == "Editor Person"
        assert (editor["pages"], editor["subjects"], editor["state"]) == (["/one"], [f"run:{ID}"], "idle")


async def test_who_is_not_heard_of_any_more_is_gone_for_those_who_stay(stage, monkeypatch):
    """A process that is killed says no goodbye. Nobody counts longer than promised; who beats goes on counting."""
    assert presence.COUNTS_FOR_S > 2 * presence.BEAT_S, "one lost beat hides nobody"
    monkeypatch.setattr(presence, "COUNTS_FOR_S", 3.0)
    monkeypatch.setattr(presence, "BEAT_S", 0.2)
    lost = {"socket": "of a process that is killed", "user": str(new_id()), "name": "Lost Person", "page": "/one"}

    async def beats() -> None:
        while True:
            for slug in ("acme", "globex"):
                await stage.within(slug, lambda: presence.arrive(**lost))
            await asyncio.sleep(0.2)

    async with socket(stage, "/ws/workspace/", **viewer(stage)) as stays:
        beating, told = asyncio.create_task(beats()), []
        while len(told) < 2:
            told = (await until(stays, "presence"))["people"]
        assert {one["name"] for one in told} == {"Lost Person", "Viewer Person"}
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        while len(told) > 1:
            told = (await until(stays, "presence"))["people"]
        assert [one["name"] for one in told] == ["Viewer Person"]
        assert [one["name"] for one in await stage.within("acme", presence.people)] == ["Viewer Person"]
    async with asyncio.timeout(60):
        while await stage.within("globex", presence.people):
            await asyncio.sleep(0.1)


def test_what_is_said_about_something_is_told_only_to_who_may_see_it():
    consumer = WorkspaceConsumer()
    consumer.user, consumer.allowed = "me", set()

    def concerns(part, *may):
        consumer.may = {"collaboration.view_commentthread", *may}
        message = {"kind": "comment.opened", "subject": {"kind": "run", "id": ID}, "part": part}
        return consumer._concerns(Message(**message))

    assert concerns("whole", "workflows.view_run")
    assert not concerns("whole", "workflows.view_workflow")
    assert not concerns("step", "workflows.view_run")
    assert concerns("step", "workflows.view_run", "workflows.view_step")
