"""Traps that were seen to leak, each set again here: with ours nothing goes wrong, and with what leaked the same count finds it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache, caches
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django_tenants.utils import schema_context, tenant_context

from nexod.http.idempotency import IdempotencyInFlight, _lock
from nexod.kernel import topics
from nexod.kernel.errors import TenantRequired
from tenants.accounts.models import User
from tenants.content_types import SchemaKeyedCache
from tenants.context import enter_platform, enter_tenant, here, in_tenant, release_connections
from tenants.models import Tenant
from tests.live_stage import Stage
from tests.workbench import Bench

ROUNDS = 60
SLUGS = ("acme", "globex")


def owner_here() -> str:
    """Return the address of whoever owns the tenant that this is asked in."""
    return str(User.objects.get(email__startswith="owner@").email)


async def strays(tenants: list[Tenant], ask: Callable[[Tenant], Awaitable[bool]]) -> int:
    """Ask for every tenant many times at once, and count the answers that were another tenant's."""
    asked = [ask(tenant) for tenant in tenants * ROUNDS]
    return (await asyncio.gather(*asked)).count(False)


@pytest.fixture
def both(stage: Stage) -> list[Tenant]:
    return [stage.tenant(slug) for slug in SLUGS]


async def test_a_socket_that_enters_its_tenant_in_each_hop_reads_its_own(both):
    async def consumer(tenant: Tenant) -> bool:
        own = f"owner@{tenant.slug}.test"
        first = await in_tenant(tenant, owner_here)
        await asyncio.sleep(random.random() / 100)
        return [first, await in_tenant(tenant, owner_here)] == [own, own]

    assert await strays(both, consumer) == 0


def test_a_tenant_cannot_be_set_on_a_connection(in_acme, globex):
    """What a consumer would do in ``connect``, and rely on later, in a thread that others use meanwhile."""
    with pytest.raises(ImproperlyConfigured):
        connection.set_tenant(globex)
    with pytest.raises(ImproperlyConfigured):
        connection.set_schema(globex.schema_name)
    connection.tenant, connection.schema_name = globex, globex.schema_name
    assert owner_here() == "owner@acme.test"


@pytest.mark.parametrize(
    "way", [lambda tenant: schema_context(tenant.schema_name), tenant_context], ids=["schema", "tenant"]
)
def test_the_librarys_own_ways_in_are_closed(acme, globex, way):
    with enter_tenant(acme), pytest.raises(ImproperlyConfigured), way(globex):
        pytest.fail("entered")


async def test_asynchronous_orm_stays_in_its_tenant(both):
    async def view(tenant: Tenant) -> bool:
        try:
            with enter_tenant(tenant):
                await asyncio.sleep(random.random() / 100)
                found = await User.objects.aget(email__startswith="owner@")
        finally:
            await sync_to_async(release_connections)()
        return bool(found.email == f"owner@{tenant.slug}.test")

    assert await strays(both, view) == 0


async def test_asynchronous_orm_outside_of_a_tenant_reaches_nothing(both):
    with pytest.raises(TenantRequired):
        await User.objects.acount()


async def test_the_cache_of_an_asynchronous_view_is_its_tenants(both):
    assert await strays(both, _remembers) == 0


async def test_a_key_from_what_was_entered_last_is_found_out(both, monkeypatch):
    """As django-tenants makes it: from the connection of the thread, whoever uses it by then."""
    last = []

    @contextmanager
    def entered(tenant: Tenant) -> Iterator[None]:
        last.append(tenant.schema_name)
        with enter_tenant(tenant):
            yield

    monkeypatch.setattr(caches["default"], "key_func", lambda name, prefix, version: f"planted:{last[-1]}:{name}")
    assert await strays(both, lambda tenant: _remembers(tenant, entered)) > 0


async def _remembers(tenant: Tenant, entered: Any = enter_tenant) -> bool:
    with entered(tenant):
        await cache.aset("whose", tenant.slug, 60)
        await asyncio.sleep(random.random() / 100)
        return bool(await cache.aget("whose") == tenant.slug)


@pytest.fixture
def other_ids(acme) -> dict[str, int]:
    """Give the platform another id for people, and return what is true in each place."""
    with enter_platform():
        ContentType.objects.filter(model="user").update(model="formerly")
        platform = ContentType.objects.create(app_label="accounts", model="user").pk
    with enter_tenant(acme):
        return {"platform": platform, "tenant": ContentType.objects.get(app_label="accounts", model="user").pk}


def test_content_types_follow_the_schema_even_where_ids_differ(acme, other_ids):
    assert _wrong_types(acme, other_ids, SchemaKeyedCache()) == 0


def test_one_cache_of_content_types_for_the_process_is_found_out(acme, other_ids):
    assert _wrong_types(acme, other_ids, {}) > 0


def _wrong_types(acme: Tenant, truth: dict[str, int], kept: Any) -> int:
    """Count wrong ids of people, asked in turn on the platform and in a tenant."""
    usual, ContentType.objects._cache = ContentType.objects._cache, kept
    places = {"tenant": lambda: enter_tenant(acme), "platform": enter_platform}
    wrong = 0
    try:
        for name in ["tenant", "platform"] * 5:
            with places[name]():
                wrong += ContentType.objects.get_for_model(User).pk != truth[name]
    finally:
        ContentType.objects._cache = usual
    return wrong


def test_the_ids_of_content_types_are_the_same_in_every_tenant(acme, globex):
    found = []
    for tenant in (acme, globex):
        with enter_tenant(tenant):
            found.append(list(ContentType.objects.order_by("pk").values_list("pk", "app_label", "model")))
    assert found[0] == found[1]


def test_a_raw_set_of_a_library_does_not_outlast_the_next_entry(acme, globex):
    with enter_tenant(acme):
        assert owner_here() == "owner@acme.test"
        connection.cursor().execute(f'SET search_path = "{globex.schema_name}"')
    with enter_platform():
        assert here().schema == "public"
    with enter_tenant(acme):
        assert owner_here() == "owner@acme.test"


def test_locks_carry_the_tenant(bench: Bench):
    """Advisory locks belong to the whole database: the same name in another tenant is another lock."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import transaction

    def taken(slug: str) -> bool:
        try:
            with bench.inside(slug), transaction.atomic():
                _lock("user:1", "the same")
        except IdempotencyInFlight:
            return False
        finally:
            release_connections()
        return True

    with ThreadPoolExecutor(1) as other, bench.inside("acme"), transaction.atomic():
        _lock("user:1", "the same")
        assert other.submit(taken, "globex").result()
        assert not other.submit(taken, "acme").result()


def test_topics_carry_the_tenant_and_are_short(acme, globex):
    run = "0190a0a0-0000-7000-8000-00000000feed"
    names = [topics.run_topic(tenant.pk, run) for tenant in (acme, globex)]
    names += [topics.workspace_topic(tenant.pk) for tenant in (acme, globex)]
    assert all(first != second for first, second in pairwise(names))
    assert max(map(len, [*names, topics.run_topic(2**63 - 1, run)])) < 100
