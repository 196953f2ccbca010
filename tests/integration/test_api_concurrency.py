"""Requests of many at once, on a real server: nobody gets another's answer, and races of people end as if one came first."""

from __future__ import annotations

import asyncio

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
    clients = {person: stage.program(person[0], stage.key(*person)) for person in people}

    async def ask(number: int) -> None:
        slug, role = people[number % len(people)]
        me, everybody = await asyncio.gather(
            clients[slug, role].get("/api/v1/me"), clients[slug, role].get("/api/v1/usage")
        )
        assert (me.json()["email"], me.json()["tenant"]["slug"]) == (cast.email(slug, role), slug)
        assert everybody.status_code == 200

    await asyncio.gather(*[ask(number) for number in range(AT_ONCE)])


async def test_two_owners_cannot_remove_one_another(stage, two_owners):
    one, two = two_owners
    first = stage.program("acme", stage.key("acme", "owner", scopes=EVERY_SCOPE))
    second = stage.program("acme", stage.key("acme", "admin", scopes=EVERY_SCOPE))
    answers = await asyncio.gather(
        first.patch(f"/api/v1/users/{two}", json={"role": "admin"}),
        second.patch(f"/api/v1/users/{one}", json={"role": "admin"}),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409]), [a.text for a in answers]
    owners = await first.get("/api/v1/users?role=owner")
    assert len(owners.json()["results"]) == 1
