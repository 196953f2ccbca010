"""Nobody keeps the platform busy: everybody's requests are counted, refused keys before a look-up, open streams per person."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django_redis import get_redis_connection
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from nexod.http import streams, throttling
from nexod.kernel import scope
from tenants.accounts import authentication
from tests.live_stage import Stage

EVENTS = "/api/v1/runs/00000000-0000-7000-8000-000000000000/events"
STREAM = {"accept": "text/event-stream"}


@pytest.fixture(autouse=True)
def _uncounted():
    yield
    for name in ("rate", "streams"):
        for key in get_redis_connection("default").scan_iter(f"nexod:{name}:*"):
            get_redis_connection("default").delete(key)


@pytest.fixture
def limits(monkeypatch):
    """Return ``limits(kind=number)``, over an hour."""

    def set_(**numbers: int) -> None:
        usual = dict.fromkeys(throttling.PER_MINUTE, 10_000)
        monkeypatch.setattr(throttling, "PER_MINUTE", {**usual, **numbers})
        monkeypatch.setattr(throttling, "WINDOW_S", 3600)

    return set_


def codes(program, path: str, times: int, **headers: str) -> list[int]:
    return [program("get", path, **headers).status_code for _ in range(times)]


def test_strangers_are_counted_though_they_are_refused(program, limits):
    limits(address=2)
    assert codes(program("acme"), "runs", 3) == [401, 401, 429]
    assert codes(program("globex"), "runs", 1) == [401]


def test_the_forbidden_are_counted(program, limits):
    limits(key=2)
    assert codes(program("acme", "viewer", scopes=["run"]), "runs", 3) == [403, 403, 429]


@pytest.mark.parametrize("path", ["node-types", "definition-schema"])
def test_every_view_counts(program, limits, path):
    limits(key=1)
    assert codes(program("acme", "viewer"), path, 2) == [200, 429]


def test_keys_that_are_not_valid_are_refused_before_they_are_looked_up(program, limits, monkeypatch):
    limits(refused=2)
    bad = {"authorization": "Bearer nxd_guess"}
    assert codes(program("acme"), "runs", 2, **bad) == [401, 401]
    monkeypatch.setattr(authentication, "recognise", lambda key: pytest.fail("looked up"))
    answer = program("acme")("get", "runs", **bad)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")
    assert int(answer["Retry-After"]) > 0


def test_refused_keys_of_one_address_shut_out_no_other(program, limits):
    limits(refused=1)
    good = program("acme", "viewer")
    assert codes(program("acme"), "runs", 2, authorization="Bearer nxd_guess") == [401, 429]
    assert good.client.get("/api/v1/me", REMOTE_ADDR="198.51.100.7").status_code == 200
    assert codes(program("globex", "viewer"), "me", 1) == [200]


async def test_a_streams_address_is_counted_too(stage, limits):
    limits(key=2, address=2)
    run = await stage.run("acme")
    async with stage.program("acme", stage.key("acme", "viewer")) as program:
        path = f"/api/v1/runs/{run.pk}/events"
        assert [(await program.get(path)).status_code for _ in range(3)] == [200, 200, 429]
    async with stage.program("acme") as stranger:
        refused = [await stranger.get(EVENTS) for _ in range(3)]
    assert [answer.status_code for answer in refused] == [401, 401, 429]
    assert refused[-1].json()["error"]["code"] == "rate_limited"
    assert int(refused[-1].headers["retry-after"]) > 0


async def test_a_person_has_so_many_streams_and_no_more(stage, settings):
    settings.NEXOD_STREAMS_PER_PERSON = 2
    run, key, other = await stage.run("acme"), stage.key("acme", "viewer"), stage.key("acme", "editor")
    path = f"/api/v1/runs/{run.pk}/events"
    async with stage.program("acme", key) as program, stage.program("acme", other) as somebody_else:
        async with program.stream("GET", path, headers=STREAM) as first, socket(stage, "/ws/workspace/", key) as second:
            lines = first.aiter_lines()  # kept: the stream ends with its iterator
            await anext(lines)
            await second.recv()
            async with asyncio.timeout(10):
                refused = await program.get(path, headers=STREAM)
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
            assert refused.json()["error"]["details"]["limit"] == 2
            assert "close some" in refused.json()["error"]["message"]
            for place in ("/ws/workspace/", f"/ws/runs/{run.pk}/"):
                assert await closed(stage, place, key) == 4429
            assert (await program.get(path)).status_code == 200
            async with somebody_else.stream("GET", path, headers=STREAM) as theirs:
                assert theirs.status_code == 200
        assert await reopened(stage, key)


async def test_a_stream_of_the_other_tenant_does_not_count(stage, settings):
    settings.NEXOD_STREAMS_PER_PERSON = 1
    async with socket(stage, "/ws/workspace/", stage.key("acme", "viewer")) as ours:
        await ours.recv()
        async with socket(stage, "/ws/workspace/", stage.key("globex", "viewer"), "globex") as theirs:
            assert json.loads(await theirs.recv())["kind"] == "presence"


async def test_what_a_killed_process_held_ends(stage, settings, monkeypatch):
    settings.NEXOD_STREAMS_PER_PERSON = 1
    monkeypatch.setattr(streams, "COUNTS_FOR_S", 1)
    person, key = str(stage.person("acme", "viewer")), stage.key("acme", "viewer")
    await stage.within("acme", lambda: streams.hold(person, "of the dead"))
    assert await closed(stage, "/ws/workspace/", key) == 4429
    await asyncio.sleep(1.1)
    assert await reopened(stage, key)


def test_an_open_stream_is_not_closed_by_its_own_heartbeat(in_acme, settings):
    settings.NEXOD_STREAMS_PER_PERSON = 1
    streams.hold("somebody", "one")
    streams.hold("somebody", "one")
    with pytest.raises(streams.TooManyStreams):
        streams.hold("somebody", "two")
    streams.hold("somebody", "one")


async def test_streams_that_ended_a_moment_ago_refuse_nobody(stage, settings, monkeypatch):
    settings.NEXOD_STREAMS_PER_PERSON = 2
    monkeypatch.setattr(streams, "TOGETHER_S", 3600)
    monkeypatch.setattr(streams, "_together_until", 0.0)
    person = f"of {uuid4().hex}"

    def hold(name: str) -> None:
        streams.hold(person, name)

    for name in ("one", "two"):
        await stage.within("acme", lambda name=name: hold(name))
    with scope.bound(scope.tenant, stage.tenant("acme").schema_name):
        streams.let_go_soon(person, "one")
    await stage.within("acme", lambda: hold("three"))
    with pytest.raises(streams.TooManyStreams):
        await stage.within("acme", lambda: hold("four"))


async def test_streams_that_end_are_let_go_together(stage, monkeypatch):
    monkeypatch.setattr(streams, "TOGETHER_S", 0.1)
    monkeypatch.setattr(streams, "_together_until", 0.0)
    asked = []
    real = streams._executed

    def counted(pipeline):
        number, found = len(pipeline), real(pipeline)
        asked.append(number)
        return found

    monkeypatch.setattr(streams, "_executed", counted)
    person = f"of {uuid4().hex}"
    for name in ("one", "two", "three"):
        await stage.within("acme", lambda name=name: streams.hold(person, name))
    del asked[:]
    with scope.bound(scope.tenant, stage.tenant("acme").schema_name):
        for name in ("one", "two", "three"):
            streams.let_go_soon(person, name)
        place = streams._place(person)
    async with asyncio.timeout(60):
        while not asked:
            await asyncio.sleep(0.05)
    assert asked == [3]
    assert streams._count(place) == 0


def test_without_valkey_streams_are_not_counted(in_acme, monkeypatch):
    monkeypatch.setattr(streams, "_executed", lambda pipeline: None)
    streams.hold("somebody", "one")


def socket(stage: Stage, path: str, key: str, slug: str = "acme") -> connect:
    headers = {"authorization": f"Bearer {key}"}
    url = f"ws://{slug}.test:{stage.port}{path}"
    return connect(url, host="127.0.0.1", port=stage.port, additional_headers=headers, proxy=None)


async def closed(stage: Stage, path: str, key: str) -> int | None:
    """Open a socket and return the code with which it is closed."""
    async with socket(stage, path, key) as opened, asyncio.timeout(10):
        try:
            while True:
                await opened.recv()
        except ConnectionClosed:
            return opened.close_code


async def reopened(stage: Stage, key: str) -> bool:
    """Say whether a socket can be opened (again) within some seconds."""
    for _ in range(40):
        async with socket(stage, "/ws/workspace/", key) as opened:
            try:
                await opened.recv()
            except ConnectionClosed:
                await asyncio.sleep(0.1)
            else:
                return True
    return False


async def test_presence_and_streams_are_gone_when_a_socket_leaves(stage):
    person, key = str(stage.person("acme", "viewer")), stage.key("acme", "viewer")
    before = await _held(stage, person)  # a server that another test stopped may have left some
    async with socket(stage, "/ws/workspace/", key) as opened:
        await opened.recv()
        assert await _held(stage, person) == before + 1
    for _ in range(40):
        if await _held(stage, person) <= before:
            return
        await asyncio.sleep(0.1)
    pytest.fail("The socket is still counted.")


async def _held(stage: Stage, person: str) -> int:
    place = f"nexod:streams:{stage.tenant('acme').schema_name}:{person}"
    return int(await sync_to_async(get_redis_connection("default").zcard)(place))


def test_health_is_not_counted(limits):
    limits(address=0)
    assert Client(headers={"host": "acme.test"}).get("/health").status_code == 200
