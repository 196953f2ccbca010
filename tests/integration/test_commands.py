"""Plain Django habits: the commands work in a place, and say so when there is none."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tenants.accounts.models import User
from tenants.context import enter_platform, enter_tenant


def test_createsuperuser_makes_staff_of_the_platform(acme, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long password")
    call_command("createsuperuser", email="staff@platform.test", interactive=False, stdout=StringIO())
    with enter_platform():
        assert User.objects.get(email="staff@platform.test").is_superuser
    with enter_tenant(acme):
        assert not User.objects.filter(email="staff@platform.test").exists()


def test_createsuperuser_makes_a_tenants_own(acme, globex, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long password")
    call_command("createsuperuser", tenant="acme", email="root@acme.test", interactive=False, stdout=StringIO())
    with enter_tenant(acme):
        assert User.objects.filter(email="root@acme.test", is_superuser=True).exists()
    with enter_tenant(globex):
        assert not User.objects.filter(email="root@acme.test").exists()


def test_an_unknown_tenant_is_named(acme):
    with pytest.raises(CommandError, match="'nobody'"):
        call_command("createsuperuser", tenant="nobody", email="x@y.test", interactive=False)


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_second_tenant_with_the_same_slug_is_refused(acme):
    with pytest.raises(CommandError, match="already"):
        call_command("provision_tenant", "acme", domain="other.test", email="x@y.test")


@pytest.mark.parametrize("domain", ["", "https://third.test", "third.test:8000", "third test", "x" * 300])
def test_a_domain_that_is_no_host_is_refused(acme, domain):
    with pytest.raises(CommandError, match="not a host name"):
        call_command("provision_tenant", "third", domain=domain, email="x@y.test")


def test_migrations_are_complete(db):
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())
