"""A tenant that is erased, or whose schema and role are dropped, between two messages: watchers are told, nobody else notices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.db import connections, transaction
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collaboration import presence
from tenants.actions.provisioning import FirstAdmin, provision_tenant
from tenants.context import PLATFORM_SCHEMA, TenantUnknown, enter_platform, enter_schema_as_owner, enter_tenant
from tenants.models import Domain, Tenant
from tenants.schema import OWNER
from tenants.schema.grants import role
from tests.cast import PASSWORD, email
from tests.live_stage import Stage, _hop
from workflows import live

SLUG = "vanishing"


def erase(tenant: Tenant) -> None:
    """Give it the status that no door lets in."""
    with enter_platform():
        Tenant.objects.filter(pk=tenant.pk).update(status="erased")


def drop(tenant: Tenant) -> None:
    """Drop the schema and the role, and delete the rows, as an erasure that was carried out leaves it."""
    with enter_schema_as_owner(PLATFORM_SCHEMA), transaction.atomic(using=OWNER):
        Domain.objects.using(OWNER).filter(tenant_id=tenant.pk).delete()
        Tenant.objects.using(OWNER).filter(pk=tenant.pk).delete()
        with connections[OWNER].cursor() as cursor:
            name = role(tenant.schema_name)
            cursor.execute(
                f'DROP SCHEMA "{tenant.schema_name}" CASCADE; REVOKE ALL ON ALL FUNCTIONS IN SCHEMA doors FROM "{name}"; '
                f'REVOKE ALL ON SCHEMA doors FROM "{name}"; DROP ROLE "{name}"'
            )


@pytest.fixture
async def vanishing(stage: Stage) -> AsyncIterator[Tenant]:
    """A third tenant, for this test only."""
    admin = FirstAdmin(email(SLUG, "owner"), PASSWORD)
    tenant = await _hop(lambda: provision_tenant(slug=SLUG, name="Gone", domain=f"{SLUG}.test", admin=admin))
    yield tenant
    Stage.tenant.cache_clear()
    stage._keys.clear()
    stage._runs.clear()

    def clear() -> None:
        with enter_platform():
            there = Tenant.objects.filter(pk=tenant.pk).exists()
        if there:
            drop(tenant)

    await _hop(clear)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(presence, "BEAT_S", 0.2)


def socket(stage: Stage, slug: str, path: str) -> connect:
    headers = {"authorization": f"Bearer {stage.key(slug, 'owner')}"}
    url = f"ws://{slug}.test:{stage.port}{path}"
    return connect(url, host="127.0.0.1", port=stage.port, additional_headers=headers, proxy=None)


async def end_of(opened: ClientConnection) -> int | None:
    async with asyncio.timeout(15):
        try:
            while True:
                await opened.recv()
        except ConnectionClosed:
            return opened.close_code


WAYS: list[Callable[[Tenant], None]] = [erase, drop]


@pytest.mark.parametrize("go", WAYS, ids=["erased", "dropped"])
@pytest.mark.parametrize("place", ["workspace", "run"])
async def test_a_socket_is_closed_and_a_neighbours_is_not(stage, vanishing, go, place):
    run, neighbour = await stage.run(SLUG), await stage.run("acme")
    paths = {"workspace": "/ws/workspace/", "run": "/ws/runs/{}/"}
    async with (
        socket(stage, SLUG, paths[place].format(run.pk)) as theirs,
        socket(stage, "acme", paths[place].format(neighbour.pk)) as ours,
    ):
        await theirs.recv()
        await ours.recv()
        await _hop(go, vanishing)
        assert await end_of(theirs) == 4404
        async with asyncio.timeout(10):
            assert json.loads(await ours.recv())


@pytest.mark.parametrize("go", WAYS, ids=["erased", "dropped"])
async def test_a_stream_ends_with_the_reason(stage, vanishing, go):
    run, key = await stage.run(SLUG), stage.key(SLUG, "owner")
    headers = {"accept": "text/event-stream"}
    async with (
        stage.program(SLUG, key) as program,
        program.stream("GET", f"/api/v1/runs/{run.pk}/events", headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        await anext(lines)
        await _hop(go, vanishing)
        async with asyncio.timeout(15):
            rest = [line async for line in lines]
    assert "event: error" in rest
    assert any('"code": "tenant_unknown"' in line for line in rest)


@pytest.mark.parametrize("go", WAYS, ids=["erased", "dropped"])
async def test_the_next_request_finds_nobody(stage, vanishing, go):
    key = stage.key(SLUG, "owner")
    async with stage.program(SLUG, key) as program:
        assert (await program.get("/api/v1/me")).status_code == 200
        await _hop(go, vanishing)
        refused = await program.get("/api/v1/me")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "tenant_unknown")


async def test_code_that_still_holds_the_row_reaches_nothing(stage, vanishing):
    from django.db import DatabaseError

    from tenants.accounts.models import User

    def people() -> int:
        with enter_tenant(vanishing):
            return User.objects.count()

    assert await _hop(people) == 1
    await _hop(drop, vanishing)
    with pytest.raises(DatabaseError):
        await _hop(people)
    with pytest.raises(TenantUnknown):
        await _hop(lambda: enter_tenant(vanishing.schema_name).__enter__())


def test_the_count_of_people_is_as_before(acme: Any, globex: Any):
    from tenants.accounts.models import User

    for tenant in (acme, globex):
        with enter_tenant(tenant):
            assert User.objects.count() == 5
