"""Web sockets: admitted by session or key, same origin, one tenant, told why when refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collaboration import presence
from nexod.kernel import events, hub, topics
from nexod.kernel.fold import EVERY_S
from nexod.kernel.outbox import outbox
from tests.live_stage import Stage
from workflows import live


@asynccontextmanager
async def socket(stage: Stage, path: str, slug: str = "acme", **headers: str) -> AsyncIterator[ClientConnection]:
    """Open a socket at the tenant's host."""
    url = f"ws://{slug}.test:{stage.port}{path}"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with connect(url, host="127.0.0.1", port=stage.port, additional_headers=sent, proxy=None) as opened:
        yield opened


def viewer(stage: Stage, slug: str = "acme", role: str = "viewer") -> dict[str, str]:
    return {"authorization": f"Bearer {stage.key(slug, role)}"}


async def heard(opened: ClientConnection, count: int = 10_000) -> list[dict[str, Any]]:
    """Read that many messages, or to the end."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            try:
                found.append(json.loads(await opened.recv()))
            except ConnectionClosed:
                break
    return found


async def until(opened: ClientConnection, kind: str) -> dict[str, Any]:
    """Read up to the next message of that kind."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = json.loads(await opened.recv())
            if message["kind"] == kind:
                return message


async def test_a_run_is_replayed_followed_and_closed(stage):
    run = await stage.run("acme")
    await stage.tell(run, events.RunStarted())
    async with socket(stage, f"/ws/runs/{run.pk}/?after=1", **viewer(stage)) as opened:
        assert [message["seq"] for message in await heard(opened, 1)] == [2]
        await stage.tell(run, events.RunCompleted())
        (last,) = await heard(opened)
        assert last["type"] == "run.completed"
        assert set(last) == {"seq", "type", "at", "data"}
    assert opened.close_code == 1000


async def test_a_browsers_session_is_enough(stage):
    run = await stage.run("acme")
    cookie = stage.session("acme", "viewer")
    headers = {"cookie": cookie, "origin": f"http://acme.test:{stage.port}"}
    async with socket(stage, f"/ws/runs/{run.pk}/", **headers) as opened:
        assert len(await heard(opened, 1)) == 1


@pytest.mark.parametrize("cookie", ["", "sessionid=nonsense", "sessionid", ";;;=,"])
async def test_a_stranger_is_told_to_log_in(stage, cookie):
    run = await stage.run("acme")
    async with socket(stage, f"/ws/runs/{run.pk}/", cookie=cookie) as opened:
        assert await heard(opened) == []
    assert opened.close_code == 4401


async def test_a_session_of_the_other_tenant_opens_nothing(stage):
    run = await stage.run("globex")
    async with socket(stage, f"/ws/runs/{run.pk}/", "globex", cookie=stage.session("acme", "owner")) as opened:
        assert await heard(opened) == []
    assert opened.close_code == 4401


async def test_a_run_of_the_other_tenant_is_not_there(stage):
    run = await stage.run("acme")
    async with socket(stage, f"/ws/runs/{run.pk}/", "globex", **viewer(stage, "globex")) as opened:
        assert await heard(opened) == []
    assert opened.close_code == 4404


async def test_a_key_without_the_scope_is_forbidden(stage):
    run = await stage.run("acme")
    key = stage.key("acme", "viewer", scopes=["run"])
    async with socket(stage, f"/ws/runs/{run.pk}/", authorization=f"Bearer {key}") as opened:
        assert await heard(opened) == []
    assert opened.close_code == 4403


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=99999999999"])
async def test_an_odd_place_is_invalid(stage, query):
    async with socket(stage, f"/ws/runs/{uuid4()}/?{query}", **viewer(stage)) as opened:
        assert await heard(opened) == []
    assert opened.close_code == 4400


@pytest.mark.parametrize("origin", ["http://globex.test:{port}", "http://acme.test", "https://evil.example", "null"])
async def test_a_page_of_another_origin_gets_no_socket(stage, origin):
    headers = {"cookie": stage.session("acme", "owner"), "origin": origin.format(port=stage.port)}
    with pytest.raises(InvalidStatus):
        async with socket(stage, "/ws/workspace/", **headers):
            pass


@pytest.mark.parametrize("host", ["unknown", "platform"])
async def test_hosts_without_a_tenant_have_no_sockets(stage, host):
    with pytest.raises(InvalidStatus):
        async with socket(stage, "/ws/workspace/", host):
            pass


@pytest.mark.parametrize("path", ["/ws/", "/ws/documents/a/b", "/ws/runs/1/", "/elsewhere"])
async def test_an_address_that_nobody_serves_is_refused_at_the_handshake(stage, path):
    with pytest.raises(InvalidStatus) as refused:
        async with socket(stage, path, **viewer(stage)):
            pass
    assert refused.value.response.status_code == 403


async def test_silence_is_kept_open_by_heartbeats(stage, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    run = await stage.run("acme")
    async with socket(stage, f"/ws/runs/{run.pk}/", **viewer(stage)) as opened:
        assert (await heard(opened, 2))[1] == {"type": "heartbeat"}


async def test_a_user_who_is_shut_out_meanwhile_is_shown_out(stage, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.2)
    run = await stage.run("acme")
    async with socket(stage, f"/ws/runs/{run.pk}/", **viewer(stage)) as opened:
        await heard(opened, 1)
        await stage.revoke_keys("acme")
        await heard(opened)
    assert opened.close_code == 4401


async def test_people_see_who_is_here_and_where(stage):
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as first:
        assert [person["name"] for person in (await until(first, "presence"))["people"]] == ["Viewer Person"]
        async with socket(stage, "/ws/workspace/", **viewer(stage, role="editor")) as second:
            both = (await until(first, "presence"))["people"]
            assert [person["name"] for person in both] == ["Editor Person", "Viewer Person"]
            await second.send(json.dumps({"kind": "here", "page": "/admin/runs/7"}))
            assert (await until(first, "presence"))["people"][0]["pages"] == ["/admin/runs/7"]
        assert len((await until(first, "presence"))["people"]) == 1


async def test_one_person_with_two_windows_is_one_person(stage):
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as first:
        await until(first, "presence")
        async with socket(stage, "/ws/workspace/", **viewer(stage)) as second:
            assert len((await until(second, "presence"))["people"]) == 1


async def test_the_other_tenant_sees_nobody_and_hears_nothing(stage):
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as ours:
        await until(ours, "presence")
        async with socket(stage, "/ws/workspace/", "globex", **viewer(stage, "globex")) as theirs:
            assert len((await until(theirs, "presence"))["people"]) == 1
            await publish(stage, "acme", {"kind": "run.finished", "run": "1"})
            await publish(stage, "globex", {"kind": "run.finished", "run": "2"})
            assert (await until(ours, "run.finished"))["run"] == "1"
            assert (await until(theirs, "run.finished"))["run"] == "2"


async def test_a_notification_reaches_only_its_person(stage):
    me = str(stage.person("acme", "viewer"))
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as opened:
        await until(opened, "presence")
        await publish(stage, "acme", {"kind": "notification.created", "user": str(uuid4()), "title": "not mine"})
        await publish(stage, "acme", {"kind": "notification.created", "user": me, "title": "mine"})
        assert (await until(opened, "notification.created"))["title"] == "mine"


async def test_a_message_of_an_unknown_kind_is_for_nobody(stage):
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as opened:
        await until(opened, "presence")
        await publish(stage, "acme", {"kind": "secret.thing"})
        await publish(stage, "acme", {"kind": "run.finished"})
        assert (await heard(opened, 1))[0]["kind"] == "run.finished"


async def move(stage: Stage, slug: str, me: str, number: int) -> None:
    """Tell that a run moved, and then, on the same way, something to one person alone."""

    def work() -> None:
        topic = topics.workspace_topic(stage.tenant(slug).pk)
        topics.moved(topic, "run.moved", {"id": "1", "seq": number, "status": "running"})
        outbox.drain()

    await stage.within(slug, work)
    await asyncio.sleep(2 * EVERY_S)  # what was told before is out of the fold of the web process
    await publish(stage, slug, {"kind": "notification.created", "user": me, "number": number})


async def was_told_of_the_run(opened: ClientConnection, number: int) -> bool:
    """Read up to our person's own message; say whether the run's came before it."""
    kinds = []
    async with asyncio.timeout(60):
        while True:
            message = json.loads(await opened.recv())
            kinds.append(message["kind"])
            if message.get("number") == number:
                return "run.moved" in kinds


async def test_how_runs_stand_is_told_to_whoever_may_see_them_and_no_longer(stage):
    """Without ``view_run`` the socket stays, for there are other things to tell; of runs it tells nothing any more."""
    me = str(stage.person("acme", "viewer"))
    headers = viewer(stage)
    group, rights = await stage.within("acme", rights_of_viewers)
    seeing = [right for right in rights if right.codename == "view_run"]
    async with socket(stage, "/ws/workspace/", **headers) as opened:
        await until(opened, "presence")
        await move(stage, "acme", me, 1)
        assert await was_told_of_the_run(opened, 1)
        try:
            await stage.within("acme", lambda: group.permissions.remove(*seeing))
            async with asyncio.timeout(120):
                number = 2
                await move(stage, "acme", me, number)
                while await was_told_of_the_run(opened, number):
                    number += 1
                    await move(stage, "acme", me, number)
        finally:
            await stage.within("acme", lambda: group.permissions.set(rights))


async def test_a_socket_that_missed_something_says_so(stage, monkeypatch):
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as opened:
        await until(opened, "presence")
        monkeypatch.setattr(hub, "INBOX_LIMIT", 0)
        await publish(stage, "acme", {"kind": "run.moved", "moved": [], "more": 1})
        assert await until(opened, "missed") == {"kind": "missed"}


def rights_of_viewers() -> Any:
    group = Group.objects.get(name="viewer")
    return group, list(group.permissions.all())


async def test_somebody_whose_socket_died_stops_being_here(stage, monkeypatch):
    monkeypatch.setattr(presence, "COUNTS_FOR_S", 1.0)
    monkeypatch.setattr(presence, "BEAT_S", 0.3)
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as opened:
        await until(opened, "presence")
        await stage.ghost("acme")  # arrives as a socket of a killed process would have, and never beats again
        assert len((await until(opened, "presence"))["people"]) == 2
        assert len((await until(opened, "presence"))["people"]) == 1


@pytest.mark.parametrize("text", ["not json", "[]", '"x"', "{" * 10, json.dumps({"x": "y" * 5000})])
async def test_odd_messages_close_the_socket(stage, text):
    async with socket(stage, "/ws/workspace/", **viewer(stage)) as opened:
        await until(opened, "presence")
        await opened.send(text)
        await heard(opened)
    assert opened.close_code == 4400


async def publish(stage: Stage, slug: str, message: dict[str, Any]) -> None:
    def work() -> None:
        topics.publish(topics.workspace_topic(stage.tenant(slug).pk), message)
        outbox.drain()

    await stage.within(slug, work)
