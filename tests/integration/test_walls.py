"""Both walls: the search_path leads to the tenant's own tables, and the role cannot read anybody else's."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from nexod.kernel.errors import TenantRequired
from tenants.accounts.models import User
from tenants.context import enter_platform, enter_tenant
from tenants.models import Tenant


def test_no_place_means_no_database(db):
    with pytest.raises(TenantRequired):
        User.objects.count()


def test_each_tenant_has_its_own_people(acme, globex):
    with enter_tenant(acme):
        ours = set(User.objects.values_list("email", flat=True))
    with enter_tenant(globex):
        theirs = set(User.objects.values_list("email", flat=True))
    assert "owner@acme.test" in ours
    assert not ours & theirs


def test_another_schema_is_refused_by_postgresql(acme, globex):
    with enter_tenant(acme), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(f'SELECT * FROM "{globex.schema_name}".accounts_user')


def test_public_is_refused_by_postgresql(acme):
    with enter_tenant(acme), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("SELECT * FROM public.tenants_tenant")


def test_the_platform_cannot_read_a_tenant(acme):
    with enter_platform(), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(f'SELECT * FROM "{acme.schema_name}".accounts_user')


def test_leaving_a_tenant_returns_to_the_outer_place(acme, globex):
    with enter_tenant(acme):
        with enter_tenant(globex):
            assert User.objects.filter(email="owner@globex.test").exists()
        assert User.objects.filter(email="owner@acme.test").exists()


def test_a_rolled_back_entry_is_entered_again(acme, globex):
    with enter_tenant(acme):
        User.objects.count()
        with pytest.raises(ZeroDivisionError), transaction.atomic(), enter_tenant(globex):
            raise ZeroDivisionError(User.objects.count())
        assert User.objects.filter(email="owner@acme.test").exists()


def test_suspended_tenants_are_refused(acme):
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status="suspended")
    with pytest.raises(Exception, match="suspended"), enter_tenant(acme.schema_name):
        pass
