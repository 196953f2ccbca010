"""Who loses what let them in is shown out of the workspace and of documents within two seconds; the other organisation stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tenants.accounts.models import ApiKey, User
from tenants.actions.lifecycle import set_status
from tenants.context import enter_platform, enter_tenant
from tenants.entry import porter
from tests import cast
from tests.documents import papers
from tests.integration.test_live_sockets import socket
from tests.lateness import lateness

__all__ = ["papers"]

WITHIN_S, PATIENCE_S = 2.0, 60
ROLE = "approver"


def revoke(stage: Any, headers: dict[str, str]) -> None:
    ApiKey.objects.filter(name="stage", user__email=cast.email("acme", ROLE)).update(revoked_at=timezone.now())


def deactivate(stage: Any, headers: dict[str, str]) -> None:
    User.objects.filter(email=cast.email("acme", ROLE)).update(is_active=False)


def demote(stage: Any, headers: dict[str, str]) -> None:
    stage.user("acme", ROLE).groups.clear()


def end_session(stage: Any, headers: dict[str, str]) -> None:
    Session.objects.filter(session_key=headers["cookie"].removeprefix("sessionid=")).delete()


def suspend(stage: Any, headers: dict[str, str]) -> None:
    with enter_platform():
        set_status(tenant=stage.tenant("acme"), status="suspended")
    stage.tenant("acme").status = "active"  # the row that the stage holds is shared


@pytest.fixture
def put_back(stage):
    """Let everything be as it was."""
    with enter_tenant(stage.tenant("acme")):
        user = stage.user("acme", ROLE)
        groups = list(user.groups.all())
    yield
    with enter_platform():
        set_status(tenant=stage.tenant("acme"), status="active")
    with enter_tenant(stage.tenant("acme")):
        User.objects.filter(pk=user.pk).update(is_active=True)
        user.groups.set(groups)


LOSSES = [
    ("key", revoke, 4401, 4401),
    ("key", deactivate, 4401, 4401),
    ("key", suspend, 4403, 4403),
    ("session", end_session, 4401, 4401),
    ("session", suspend, 4403, 4403),
    # Who is in no group any more may be in the workspace, where nothing is told to them, and in no document.
    ("session", demote, None, 4403),
]


@pytest.mark.parametrize(
    ("by", "lose", "workspace", "document"), LOSSES, ids=[f"{one[0]}-{one[1].__name__}" for one in LOSSES]
)
async def test_who_may_not_stay_is_shown_out(stage, put_back, papers, by, lose, workspace, document):
    name = await papers.make("acme", "globex")
    cookie, key, other = (
        stage.session("acme", ROLE),
        stage.key("acme", ROLE),
        {"authorization": f"Bearer {stage.key('globex', ROLE)}"},
    )
    headers = {"cookie": cookie} if by == "session" else {"authorization": f"Bearer {key}"}
    path = f"/ws/documents/{name}/"
    async with (
        socket(stage, "/ws/workspace/", **headers) as at_work,
        socket(stage, path, **headers) as in_document,
        socket(stage, "/ws/workspace/", "globex", **other) as others_at_work,
        socket(stage, path, "globex", **other) as others_in_document,
        lateness(stage.port) as late,
    ):
        for one in (at_work, in_document, others_at_work, others_in_document):
            await one.recv()
        losing = {at_work: workspace, in_document: document}
        waiting = {one: asyncio.create_task(ended(one)) for one, code in losing.items() if code is not None}
        await stage.within("acme", lambda: lose(stage, headers))
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            ends = {one: await end for one, end in waiting.items()}
        for one, (code, at) in ends.items():
            assert code == losing[one]
            assert at - began < late.allowed(WITHIN_S)
        if workspace is None:
            assert at_work.close_code is None
        assert [one.close_code for one in (others_at_work, others_in_document)] == [None, None]


async def ended(opened: ClientConnection) -> tuple[int | None, float]:
    """Read to the end; return the code and when it came."""
    try:
        while True:
            await opened.recv()
    except ConnectionClosed:
        return opened.close_code, time.monotonic()


def test_everybody_is_looked_at_twice_in_the_time_that_is_promised():
    assert 2 * porter.LOOK_S <= WITHIN_S


async def test_a_right_that_is_taken_from_a_role_ends_the_editing_and_leaves_the_reading(stage, papers):
    name = await papers.make()
    cookie = stage.session("acme", "editor")

    def rights(change: Callable[[Any], Any]) -> Any:
        group = Group.objects.get(name="editor")
        return change(group.permissions)

    right = await papers.within("acme", lambda: rights(lambda all_: all_.get(codename="change_workflow")))
    async with socket(stage, f"/ws/documents/{name}/", cookie=cookie) as opened, lateness(stage.port) as late:
        await opened.recv()
        try:
            await papers.within("acme", lambda: rights(lambda all_: all_.remove(right)))
            began = time.monotonic()
            async with asyncio.timeout(PATIENCE_S):
                code, at = await ended(opened)
        finally:
            await papers.within("acme", lambda: rights(lambda all_: all_.add(right)))
    assert code == 4409
    assert at - began < late.allowed(WITHIN_S)
