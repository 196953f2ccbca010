"""Requests of many at once, on a real server: nobody gets another's answer, and races of people end as if one came first."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from django.contrib.auth.models import Group

from tenants.accounts.models import User
from tenants.accounts.roles import ROLES
from tenants.context import enter_tenant
from tests import cast

EVERY_SCOPE = ("read", "write", "run", "approve")
AT_ONCE = 60


@pytest.fixture
def two_owners(stage):
    """Make acme's admin an owner as well, for the length of a test; return both ids."""

    def give(role: str) -> None:
        with enter_tenant(stage.tenant("acme")):
            for name, held in (("owner", "owner"), ("admin", role)):
                User.objects.get(email=cast.email("acme", name)).groups.set([Group.objects.get(name=held)])

    give("owner")
    yield stage.person("acme", "owner"), stage.person("acme", "admin")
    give("admin")


async def test_everybody_gets_the_own_answer(stage):
    people = [(slug, role) for slug in cast.SLUGS for role in ROLES]
    keys = {person: stage.key(*person) for person in people}

    async def ask(clients, number: int) -> None:
        slug, role = people[number % len(people)]
        me = await clients[slug, role].get("/api/v1/me")
        assert (me.json()["email"], me.json()["tenant"]["slug"]) == (cast.email(slug, role), slug)

    async with AsyncExitStack() as stack:
        clients = {person: await stack.enter_async_context(stage.program(person[0], keys[person])) for person in people}
        await asyncio.gather(*[ask(clients, number) for number in range(AT_ONCE)])


async def test_two_owners_cannot_remove_one_another(stage, two_owners):
    one, two = two_owners
    keys = [stage.key("acme", role, scopes=EVERY_SCOPE) for role in ("owner", "admin")]
    async with stage.program("acme", keys[0]) as first, stage.program("acme", keys[1]) as second:
        answers = await asyncio.gather(
            first.patch(f"/api/v1/users/{two}", json={"role": "admin"}),
            second.patch(f"/api/v1/users/{one}", json={"role": "admin"}),
        )
        owners = await first.get("/api/v1/users?role=owner")
    assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409]), [a.text for a in answers]
    assert len(owners.json()["results"]) == 1
