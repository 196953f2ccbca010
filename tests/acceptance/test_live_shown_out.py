"""Who loses the permission to watch is shown out within two seconds, over both transports, whichever web process they came to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.outbox import outbox
from tenants.accounts.models import ApiKey, User
from tenants.actions.lifecycle import set_status
from tenants.context import enter_platform, enter_tenant
from tests import cast
from tests.crowd import Place, Viewer
from tests.faults import figure
from tests.lateness import lateness
from tests.webs import Web, web_processes

WITHIN_S = 2.0
ROLE = "approver"


@pytest.fixture(scope="module")
def webs(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Web]]:
    with web_processes(tmp_path_factory.mktemp("webs"), 2) as found:
        yield found


def revoke(stage: Any, headers: dict[str, str], browser: Client) -> None:
    ApiKey.objects.filter(name="stage", user__email=cast.email("acme", ROLE)).update(revoked_at=timezone.now())


def expire(stage: Any, headers: dict[str, str], browser: Client) -> None:
    ApiKey.objects.filter(name="stage", user__email=cast.email("acme", ROLE)).update(
        expires_at=timezone.now() + timedelta(milliseconds=200)
    )


def demote(stage: Any, headers: dict[str, str], browser: Client) -> None:
    stage.user("acme", ROLE).groups.clear()


def narrow_the_role(stage: Any, headers: dict[str, str], browser: Client) -> None:
    group = Group.objects.get(name=ROLE)
    group.permissions.remove(group.permissions.get(codename="view_run"))


def deactivate(stage: Any, headers: dict[str, str], browser: Client) -> None:
    User.objects.filter(email=cast.email("acme", ROLE)).update(is_active=False)


def change_password(stage: Any, headers: dict[str, str], browser: Client) -> None:
    user = stage.user("acme", ROLE)
    user.set_password("another battery staple")
    user.save()


def log_out(stage: Any, headers: dict[str, str], browser: Client) -> None:
    assert browser.post("/admin/logout/").status_code == 200


def drop_session(stage: Any, headers: dict[str, str], browser: Client) -> None:
    Session.objects.filter(session_key=headers["Cookie"].removeprefix("sessionid=")).delete()


def suspend(stage: Any, headers: dict[str, str], browser: Client) -> None:
    with enter_platform():
        set_status(tenant=stage.tenant("acme"), status="suspended")
    stage.tenant("acme").status = "active"  # the row that the stage holds is shared


LOSSES = [
    ("key", revoke, 4401, "not_authenticated"),
    ("key", expire, 4401, "not_authenticated"),
    ("key", demote, 4403, "permission_denied"),
    ("key", deactivate, 4401, "not_authenticated"),
    ("session", narrow_the_role, 4403, "permission_denied"),
    ("session", deactivate, 4401, "not_authenticated"),
    ("session", change_password, 4401, "not_authenticated"),
    ("session", log_out, 4401, "not_authenticated"),
    ("session", drop_session, 4401, "not_authenticated"),
    ("session", suspend, 4403, "tenant_suspended"),
]


@pytest.fixture
def put_back(stage: Any) -> Iterator[None]:
    """Let everything be as it was."""
    with enter_tenant(stage.tenant("acme")):
        user = stage.user("acme", ROLE)
        password, groups = user.password, list(user.groups.all())
        rights = list(Group.objects.get(name=ROLE).permissions.all())
    yield
    with enter_platform():
        set_status(tenant=stage.tenant("acme"), status="active")
    with enter_tenant(stage.tenant("acme")):
        User.objects.filter(pk=user.pk).update(password=password, is_active=True)
        user.groups.set(groups)
        Group.objects.get(name=ROLE).permissions.set(rights)


@pytest.mark.parametrize(("by", "lose", "code", "says"), LOSSES, ids=[f"{one[0]}-{one[1].__name__}" for one in LOSSES])
def test_who_may_not_watch_any_more_is_shown_out(stage, put_back, webs, by, lose, code, says):
    browser = stage.browser("acme", ROLE)
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    headers = cookie if by == "session" else {"Authorization": f"Bearer {stage.key('acme', ROLE)}"}
    ours, theirs = stage.run_now("acme"), stage.run_now("globex")
    other = {"Authorization": f"Bearer {stage.key('globex', ROLE)}"}
    shown_out = [
        Viewer(kind, Place("acme", ours.pk, headers), [web.port]) for kind in ("sse", "websocket") for web in webs
    ]
    staying = [Viewer(kind, Place("globex", theirs.pk, other), [webs[0].port]) for kind in ("sse", "websocket")]

    def take() -> None:
        with enter_tenant(stage.tenant("acme")):
            lose(stage, headers, browser)

    took, allowed = asyncio.run(_until_shown_out(shown_out, staying, take, [web.port for web in webs]))
    assert max(took) < allowed, took
    for viewer in shown_out:
        if viewer.kind == "websocket":
            assert viewer.ended[0] == code
            assert viewer.ended[1], "and says why"
        else:
            assert viewer.ended["code"] == says, viewer.ended
    assert [viewer.ended for viewer in staying] == [None, None]
    figure(f"shown out {lose.__name__}", first_s=min(took), last_s=max(took))


async def _until_shown_out(
    viewers: list[Viewer], staying: list[Viewer], take: Callable[[], None], ports: list[int]
) -> tuple[list[float], float]:
    """Return after how many seconds each was shown out, and within how many that was to be on a machine as busy as this."""
    others = [asyncio.create_task(viewer.watch()) for viewer in staying]
    took: list[float] = []
    watches = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    async with asyncio.timeout(30):
        while not all(viewer.seen for viewer in [*viewers, *staying]):
            await asyncio.sleep(0.02)
    await asyncio.to_thread(_closing, take)
    began = time.monotonic()
    for watch in watches:
        watch.add_done_callback(lambda _: took.append(time.monotonic() - began))
    async with lateness(ports[0]) as one, lateness(ports[1]) as other, asyncio.timeout(60):
        await asyncio.gather(*watches)
    await asyncio.sleep(0.1)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    return took, max(one.allowed(WITHIN_S), other.allowed(WITHIN_S))


def _closing(work: Callable[[], None]) -> None:
    from tenants.context import release_connections

    try:
        work()
    finally:
        release_connections()


def test_who_watches_is_seen_in_every_process_and_expires_honestly(stage, webs):
    run, theirs = stage.run_now("acme"), stage.run_now("globex")
    browser = stage.browser("acme", ROLE)
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    key = {"Authorization": f"Bearer {stage.key('acme', 'viewer')}"}

    async def watch() -> None:
        first = Viewer("websocket", Place("acme", run.pk, cookie, "viewers=1"), [webs[0].port])
        second = Viewer("sse", Place("acme", run.pk, key, "viewers=1"), [webs[1].port])
        unseen = Viewer("sse", Place("acme", run.pk, key), [webs[1].port])
        stranger = Viewer(
            "sse",
            Place("globex", theirs.pk, {"Authorization": f"Bearer {stage.key('globex', 'viewer')}"}, "viewers=1"),
            [webs[0].port],
        )
        tasks = [asyncio.create_task(one.watch()) for one in (first, unseen, stranger)]
        await _names(first, ["Approver Person"])
        tasks.append(asyncio.create_task(second.watch()))
        for one in (first, second):
            await _names(one, ["Approver Person", "Viewer Person"])
        listed = (await asyncio.to_thread(browser.get, f"/api/v1/runs/{run.pk}/watchers")).json()
        assert [one["name"] for one in listed["results"]] == ["Approver Person", "Viewer Person"]
        await stage.tell(run, events.AgentFinished(node="n", step="s", agent="a", text="goes on"))
        tasks[0].cancel()
        await _names(second, ["Viewer Person"])
        assert {one["data"]["people"][0]["name"] for one in stranger.asides} == {"Viewer Person"}
        assert unseen.asides == []
        assert second.seen == [1, 2]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(watch())
    outbox.drain()


async def _names(viewer: Viewer, names: list[str]) -> None:
    """Wait until these are the people of whom the viewer was told last; a socket's heartbeats, in a silence, tell of nobody."""
    async with asyncio.timeout(40):
        while True:
            told = [one["data"]["people"] for one in viewer.asides if one["type"] == "viewers"]
            if told and [one["name"] for one in told[-1]] == names:
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_who_may_not_see_the_run_does_not_see_who_watches_it(stage, slug):
    run = stage.run_now("acme")
    if slug == "globex":
        assert stage.browser("globex", "owner").get(f"/api/v1/runs/{run.pk}/watchers").status_code == 404
    else:
        assert Client(headers={"host": "acme.test"}).get(f"/api/v1/runs/{run.pk}/watchers").status_code == 401
