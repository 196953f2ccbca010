"""Every table of a tenant's schema: filled in one tenant, it shows nothing in the other, by ORM, by SQL or by Celery."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Model

from tenants.accounts.models import User
from tenants.context import enter_tenant
from tests.content import fill_all

OWN_LABELS = {"accounts", "agents", "workflows", "collaboration", "admin", "sessions"}
MODELS = [
    model
    for config in apps.get_app_configs()
    if config.name in settings.TENANT_APPS and config.label in OWN_LABELS
    for model in config.get_models(include_auto_created=True)
]
# Every tenant starts with the same five people in their roles; their rows differ, their number does not.
STARTING = {"accounts_user", "accounts_user_groups"}
EMPTY_FOR_EVERYBODY = {
    "accounts_user_user_permissions": "permissions come by role only",
    "agents_crewtask_context": "none in the cast",
}


@pytest.fixture
def filled(acme, person):
    """One of everything in acme."""
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill_all(owner)


def _count(model: type[Model]) -> int:
    return model._default_manager.count()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_a_row_here_is_not_there(filled, acme, globex, model):
    table = model._meta.db_table
    with enter_tenant(acme):
        here = _count(model)
    with enter_tenant(globex):
        there = _count(model)
    if table in EMPTY_FOR_EVERYBODY:
        assert (here, there) == (0, 0), EMPTY_FOR_EVERYBODY[table]
    elif table in STARTING:
        with enter_tenant(globex):
            assert not User.objects.filter(email__endswith="@acme.test").exists()
    else:
        assert here >= 1, f"{table} has no row in tests/content.py"
        assert there == 0


def test_every_table_of_a_tenant_is_known(acme):
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    known |= {"django_migrations", "checkpoints", "checkpoint_blobs", "checkpoint_writes"}
    with enter_tenant(acme), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [acme.schema_name])
        tables = {name for (name,) in cursor.fetchall()}
    assert tables
    assert tables <= known


def test_checkpoints_are_each_tenants_own(acme, globex):
    with enter_tenant(acme), connection.cursor() as cursor:
        cursor.execute("INSERT INTO checkpoints VALUES ('t', '', 'c', NULL, '{}', '{}', '')")
    with enter_tenant(globex), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM checkpoints")
        assert cursor.fetchone() == (0,)
