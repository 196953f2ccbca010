"""Mass assignment: whatever a body claims beside the fields that an address takes is refused, or changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from tenants.context import enter_tenant
from tests.bodies import BODIES, WRITES, send, writer
from tests.content import Content, fill
from tests.routes import Route

APPS = ("accounts", "agents", "workflows", "collaboration")
# What no body of any address may ever set, whoever writes the next serializer.
NEVER = {
    "id", "pk", "schema", "schema_name", "tenant", "tenant_id", "is_superuser", "is_staff", "groups", "user_permissions",
    "created_at", "updated_at", "last_login", "hashed", "prefix", "revoked_at", "last_used_at", "encrypted_key",
    "encrypted_former_key", "former_key_until", "encrypted_value", "encrypted_former_value", "encrypted_access", "former_until",
    "rotated_at",
    "storage_key", "content_hash", "status", "started_by", "uploaded_by", "author", "decided_by", "decided_at", "published",
    "published_at", "number", "last_seq", "totals", "error", "started_at", "finished_at", "definition_hash", "fence", "starter",
}  # fmt: skip
# These look at no body at all; what the path says is done.
WITHOUT_BODY = {
    "post documents/<uuid:pk>/retry", "post notifications/<uuid:pk>/read", "post notifications/read",
    "post comments/<uuid:pk>/resolve", "post comments/<uuid:pk>/reopen", "post comments/<uuid:pk>/seen",
    "post runs/<uuid:pk>/cancel", "post runs/<uuid:pk>/pause", "post runs/<uuid:pk>/resume",
    "post workflows/<uuid:workflow_id>/states/<uuid:pk>/restore",
    "post agents/<uuid:agent_id>/versions/<int:number>/restore", "post workflows/<uuid:pk>/versions/<int:number>/restore",
    "post deliveries/<uuid:pk>/redeliver", "post webhook-endpoints/<uuid:pk>/ping", "post model-connections/<uuid:pk>/test",
    "post triggers/<uuid:pk>/pause", "post triggers/<uuid:pk>/resume",
    "post documents/<uuid:pk>/refresh", "post sitemaps/<uuid:pk>/refresh",
    "post approvals/<uuid:pk>/claim", "post approvals/<uuid:pk>/release",
}  # fmt: skip
# What these addresses are for.
DONE = {"post runs/<uuid:pk>/cancel": {"status", "cancel_requested"}, "post runs/<uuid:pk>/pause": {"pause_requested"}}
NAMED = 20
"""How many unknown fields an answer names."""


def writable(route: Route) -> set[str]:
    return {name for name, field in writer(route).fields.items() if not field.read_only}  # type: ignore[attr-defined]


def claims(route: Route) -> dict[str, Any]:
    """Return every field of the model and of what the address answers, except those that may be written, with other values."""
    view = route.view()
    view.action, view.request = route.action, None
    model = view.queryset.model
    found = {name: _other(field) for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    shown = view.get_serializer_class()().fields if view.serializer_class else ()
    found |= {name: "planted" for name in shown if name not in found}
    found |= {name: True if name.startswith("is_") else "planted" for name in NEVER if name not in found}
    return {name: value for name, value in found.items() if name not in writable(route) | DONE.get(str(route), set())}


def _other(field: models.Field[Any, Any]) -> Any:
    if field.choices:
        return str(list(field.choices)[-1][0])
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.DateTimeField):
        return "2001-02-03T04:05:06Z"
    if isinstance(field, models.UUIDField | models.ForeignKey | models.OneToOneField):
        return "0190a0a0-0000-7000-8000-00000000feed"
    if isinstance(field, models.IntegerField | models.FloatField | models.DecimalField):
        return 4242
    if isinstance(field, models.JSONField):
        return {"planted": True}
    return "planted"


@pytest.fixture
def mine(acme, person) -> Content:
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill(owner)
        type(content.connection).objects.update(is_default=True)
        return content


def rows() -> dict[tuple[str, str], dict[str, Any]]:
    """Return every row of the tenant, by table and key."""
    found = {}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for row in model._default_manager.all():
                fields = row._meta.concrete_fields
                found[model._meta.label, str(row.pk)] = {field.attname: getattr(row, field.attname) for field in fields}
    return found


def hold_claim(before: dict[Any, Any], after: dict[Any, Any], claimed: dict[str, Any]) -> list[str]:
    """Return what was written that the claims say; a value that the row had, or that is any row's start, is none."""
    written = []
    for key, row in after.items():
        for name, value in row.items():
            if name not in claimed or value == before.get(key, {}).get(name, object()):
                continue
            if _same(value, claimed[name]) and not _usual(key[0], name, value):
                written.append(f"{key} {name}={value}")
    return written


def _same(value: Any, claim: Any) -> bool:
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).startswith("2001-02-03")
    return str(value) == str(claim) if not isinstance(claim, bool) else value is True


def _usual(label: str, name: str, value: Any) -> bool:
    default = apps.get_model(label)._meta.get_field(name).get_default()
    return isinstance(value, bool) and value == default


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_the_known_body_is_taken(program, mine, route):
    answer = send(program("acme", "owner"), route, mine)
    refused = {"post runs/<uuid:pk>/resume", "post runs/<uuid:pk>/retry", "post documents/<uuid:pk>/retry",
               "post runs/<uuid:pk>/case", "post documents/<uuid:pk>/refresh"}  # fmt: skip
    assert answer.status_code in ((409,) if str(route) in refused else (200, 201, 202)), answer.content


def test_every_address_that_writes_has_a_body():
    assert set(BODIES) == {str(route) for route in WRITES}


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_no_body_takes_what_nobody_may_say(route):
    assert not writable(route) & NEVER


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_unknown_fields_are_refused_by_name_and_change_nothing(program, acme, mine, route):
    known = set(writer(route).fields)  # type: ignore[attr-defined]
    claimed = {name: value for name, value in claims(route).items() if name not in known}
    owner = program("acme", "owner")
    with enter_tenant(acme):
        before = rows()
    answer = send(owner, route, mine, claimed)
    with enter_tenant(acme):
        after = rows()
    if str(route) in {"post documents"} | WITHOUT_BODY:  # to a form browsers add fields of their own
        assert not hold_claim(before, after, claimed)
        return
    assert answer.status_code == 400, answer.content
    named = {problem["field"] for problem in answer.json()["error"]["details"]}
    assert named == set(sorted(claimed)[:NAMED])
    assert _settled(after) == _settled(before)


def _settled(found: dict[Any, Any]) -> dict[Any, Any]:
    """Leave out when the test's own key was used last."""
    return {key: {name: value for name, value in row.items() if name != "last_used_at"} for key, row in found.items()}


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_fields_that_are_only_read_are_passed_over(program, acme, mine, route):
    known = set(writer(route).fields)  # type: ignore[attr-defined]
    claimed = {name: value for name, value in claims(route).items() if name in known}
    if not claimed:
        assert not known - writable(route)
        return
    owner = program("acme", "owner")
    with enter_tenant(acme):
        before = rows()
    answer = send(owner, route, mine, claimed)
    assert answer.status_code in (200, 201, 202) or str(route) in WITHOUT_BODY, answer.content
    with enter_tenant(acme):
        assert not hold_claim(before, rows(), claimed)


def test_the_sweep_notices_a_field_that_is_set(acme, mine):
    with enter_tenant(acme):
        before = rows()
        type(mine.user).objects.filter(pk=mine.user.pk).update(is_superuser=True, full_name="planted")
        type(mine.agent).objects.filter(pk=mine.agent.pk).update(created_at="2001-02-03T04:05:06Z")
        written = hold_claim(before, rows(), {"is_superuser": True, "full_name": "planted", "created_at": "2001"})
    assert len(written) == 3
