"""A worker of queue ops makes the tenants that the staff asked for: once each, and says what went wrong."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache

from nexod.kernel.errors import NotFound, PermissionDenied
from tenants.accounts.models import User
from tenants.actions.requests import find_request, provision_requested, request_tenant
from tenants.context import enter_platform, enter_schema_as_owner
from tenants.models import Tenant
from tenants.schema import OWNER

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def stella(acme):
    with enter_platform():
        yield User.objects.create_superuser("stella@platform.test", "correct horse battery")
        cache.clear()


def ask(actor: User, *, slug: str = "initech", domain: str = "initech.test"):
    return request_tenant(
        actor=actor, slug=slug, name="Initech", domain=domain, plan="standard", email="boss@initech.test",
        full_name="Bill", password="a fairly long password",
    )  # fmt: skip


def test_the_tenant_is_made_with_its_first_owner(stella):
    request = ask(stella)
    provision_requested(request=request.id)
    done = find_request(request.id)
    assert (done.state, done.sealed, done.error) == ("done", "", "")
    tenant = Tenant.objects.using(OWNER).get(pk=done.tenant)
    assert (tenant.slug, tenant.status) == ("initech", "active")
    with enter_schema_as_owner(tenant.schema_name):
        owner = User.objects.using(OWNER).get()
        assert (owner.email, owner.check_password("a fairly long password")) == ("boss@initech.test", True)
    assert LogEntry.objects.get().object_id == str(done.tenant)


def test_a_message_that_comes_again_changes_nothing(stella):
    request = ask(stella)
    provision_requested(request=request.id)
    provision_requested(request=request.id)
    assert Tenant.objects.using(OWNER).filter(slug="initech").count() == 1
    assert LogEntry.objects.count() == 1


def test_of_two_for_the_same_slug_the_second_says_why(stella):
    first, second = ask(stella), ask(stella, domain="other.test")
    provision_requested(request=first.id)
    provision_requested(request=second.id)
    failed = find_request(second.id)
    assert failed.state == "failed"
    assert "slug 'initech'" in failed.error


def test_an_observer_asks_for_nothing(stella):
    observer = User.objects.create_user("otto@platform.test", "correct horse battery")
    with pytest.raises(PermissionDenied):
        ask(observer)


def test_an_unknown_request_is_refused(stella):
    with pytest.raises(NotFound):
        provision_requested(request="unknown")
