"""Every web socket and every Celery task: ids, keys and cookies of another tenant are worthless, forged headers start nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.urls import path as url
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from collaboration.models import Notification
from collaboration.routing import urlpatterns
from nexod.celery import app
from nexod.kernel.errors import InvalidInput, NotFound, TenantRequired
from nexod.kernel.queue import TENANT_HEADER
from tenants.context import TEMPLATE_SCHEMA, TenantSuspended, TenantUnknown, enter_platform, enter_tenant, here
from tenants.entry.celery import PlatformTask, TenantTask
from tenants.messages import LANE
from tenants.models import Tenant
from tests.content import Content, fill
from tests.isolation import CELERY_TASKS, SOCKETS, uncovered, walked_patterns
from tests.live_stage import Stage

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
PATTERNS = list(walked_patterns(urlpatterns))
WITH_IDS = [pattern for pattern in PATTERNS if "<" in pattern]
# What each Celery task of a tenant is given: ids of the content.
GIVEN: dict[str, Callable[[Content], dict[str, Any]]] = {
    "agents.send_vectors": lambda content: {"space": str(content.space.pk)},
    "agents.look_for_room": lambda content: {"lane": str(LANE)},
    "agents.index_space": lambda content: {"space": str(content.space.pk)},
    "agents.drop_index": lambda content: {"space": str(content.space.pk)},
    "agents.clear_namespace": lambda content: {
        "connection": str(content.store.pk),
        "knowledge_base": str(content.knowledge_base.pk),
        "space": str(content.space.pk),
    },
    "agents.ingest_documents": lambda content: {"lane": str(content.document.pk)},
    "collaboration.notify_approval": lambda content: {"approval": str(content.approval.pk)},
    "collaboration.notify_about_approval": lambda content: {"entry": str(UUID(int=content.entry.pk))},
    "collaboration.notify_budget": lambda content: {"window": content.budget_window.pk},
    "workflows.reconsider_budget": lambda content: {"budget": str(content.budget.pk)},
    "collaboration.notify_run": lambda content: {"run": str(content.run.pk)},
    "accounts.send_reset_link": lambda content: {"email": content.user.email, "page": "https://globex.test/"},
    "workflows.advance_run": lambda content: {"run": str(content.run.pk)},
    "workflows.revive_run": lambda content: {"run": str(content.run.pk)},
    "workflows.spread_events": lambda content: {"run": str(content.run.pk)},
    "workflows.approval_due": lambda content: {"approval": str(content.approval.pk)},
    "workflows.recount_approvals": lambda content: {"lane": str(LANE)},
    "workflows.fire_schedule": lambda content: {"trigger": str(content.trigger.pk)},
    "workflows.start_firing": lambda content: {"firing": str(content.firing.pk)},
    "collaboration.send_delivery": lambda content: {"delivery": str(content.delivery.pk)},
}


def ours() -> dict[str, Any]:
    app.loader.import_default_modules()
    # Tasks of Celery's own, and of the tests of how tasks are measured, which may be loaded beside these.
    return {name: task for name, task in sorted(app.tasks.items()) if not name.startswith(("celery.", "t."))}


TASKS = {name: task for name, task in ours().items() if isinstance(task, TenantTask)}
PLATFORM = {name: task for name, task in ours().items() if isinstance(task, PlatformTask)}


async def closed(stage: Stage, path: str, slug: str, **headers: str) -> int | None:
    """Open the socket and return the code with which it is closed."""
    address = f"ws://{slug}.test:{stage.port}/{path}"
    async with connect(address, host="127.0.0.1", port=stage.port, additional_headers=headers, proxy=None) as opened:
        try:
            while True:
                await opened.recv()
        except ConnectionClosed:
            return opened.close_code


def filled(pattern: str, **ids: Any) -> str:
    """Return the address; an id that no test knows is a KeyError."""
    return PARAMETER.sub(lambda found: str(ids[found[1]]), pattern)


@pytest.mark.parametrize("pattern", WITH_IDS)
async def test_a_socket_of_another_tenants_row_is_closed(stage, pattern):
    theirs = await stage.run("globex")
    key = stage.key("acme", "owner")
    path = filled(pattern, run_id=theirs.pk, name=f"workflow:{theirs.pk}")
    assert await closed(stage, path, "acme", authorization=f"Bearer {key}") == 4404


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_a_key_or_cookie_of_another_tenant_opens_no_socket(stage, pattern):
    theirs = await stage.run("globex")
    key, cookie = stage.key("acme", "owner"), stage.session("acme", "owner")
    path = filled(pattern, run_id=theirs.pk, name=f"workflow:{theirs.pk}")
    assert await closed(stage, path, "globex", authorization=f"Bearer {key}") == 4401
    assert await closed(stage, path, "globex", cookie=cookie) == 4401


def test_every_socket_is_walked():
    assert uncovered(PATTERNS, PATTERNS, SOCKETS) == (set(), set())
    assert PATTERNS


def test_a_new_socket_with_an_unknown_id_is_noticed():
    (planted,) = walked_patterns([url("ws/planted/<uuid:planted_id>/", lambda: None)])
    with pytest.raises(KeyError):
        filled(planted, run_id=uuid4())


@pytest.fixture
def theirs(globex, person) -> Content:
    owner = person("globex", "owner")
    with enter_tenant(globex):
        return fill(owner)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    ("forged", "error"),
    [
        (None, TenantRequired), ("", TenantRequired), (0, TenantRequired), (7, TenantRequired), (["t_x"], TenantRequired),
        ({"schema": "t_x"}, TenantRequired), ("public", InvalidInput), ("pg_catalog", InvalidInput), ("t_nobody", TenantUnknown),
        (TEMPLATE_SCHEMA, TenantUnknown), ("T_UPPER", InvalidInput), ("t_x; SET ROLE postgres", InvalidInput),
        ("t_x\n", InvalidInput), ("extensions", InvalidInput),
    ],
)  # fmt: skip
def test_a_forged_header_starts_nothing(theirs, name, forged, error, monkeypatch):
    monkeypatch.setattr(type(TASKS[name]), "scoped", lambda *args, **kwargs: pytest.fail("The work began."))
    headers = {} if forged is None else {TENANT_HEADER: forged}
    with pytest.raises(error):
        TASKS[name].apply(kwargs=GIVEN[name](theirs), headers=headers).get()
    assert here() is None


@pytest.mark.parametrize("name", TASKS)
def test_a_schema_in_upper_case_or_of_another_argument_is_no_tenant(theirs, acme, name):
    for headers in ({TENANT_HEADER: acme.schema_name.upper()}, {TENANT_HEADER.upper(): acme.schema_name}):
        with pytest.raises((InvalidInput, TenantRequired)):
            TASKS[name].apply(kwargs=GIVEN[name](theirs), headers=headers).get()


@pytest.mark.parametrize(("status", "error"), [("suspended", TenantSuspended), ("erased", TenantUnknown)])
@pytest.mark.parametrize("name", TASKS)
def test_work_for_a_tenant_that_is_not_active_is_refused(theirs, globex, name, status, error):
    with enter_platform():
        Tenant.objects.filter(pk=globex.pk).update(status=status)
    with pytest.raises(error):
        TASKS[name].apply(kwargs=GIVEN[name](theirs), headers={TENANT_HEADER: globex.schema_name}).get()


@pytest.mark.parametrize("name", TASKS)
def test_an_id_of_another_tenant_is_nothing_to_work_on(theirs, acme, globex, name, mailoutbox):
    before = _state(globex, theirs)
    with suppress(NotFound):
        TASKS[name].apply(kwargs=GIVEN[name](theirs), headers={TENANT_HEADER: acme.schema_name}).get()
    assert _state(globex, theirs) == before
    assert mailoutbox == []
    with enter_tenant(acme):
        assert not Notification.objects.exists()


def _state(tenant: Tenant, content: Content) -> list[Any]:
    with enter_tenant(tenant):
        rows = [type(row).objects.get(pk=row.pk) for row in (content.run, content.document, content.approval)]
        return [[getattr(row, field.attname) for field in row._meta.concrete_fields] for row in rows]


def test_every_celery_task_is_walked_or_excused():
    assert uncovered(ours(), set(GIVEN), CELERY_TASKS) == (set(), set())
    assert set(GIVEN) == set(TASKS)


def test_a_new_celery_task_is_noticed():
    assert uncovered([*ours(), "planted.task"], set(GIVEN), CELERY_TASKS) == ({"planted.task"}, set())


@pytest.mark.parametrize("name", PLATFORM)
def test_a_celery_task_of_the_platform_works_there_whatever_its_message_says(acme, name, monkeypatch):
    seen = []
    monkeypatch.setattr(type(PLATFORM[name]), "scoped", lambda self, *args, **kwargs: seen.append(here().schema))
    PLATFORM[name].apply(headers={TENANT_HEADER: acme.schema_name}).get()
    assert seen == ["public"]
