"""The doors that are not pages: hosts, Celery messages, the cache, secrets, content types and the doors of public."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from celery import Celery
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

from nexod.kernel import scope
from nexod.kernel.errors import InvalidInput, TenantRequired
from nexod.kernel.queue import TENANT_HEADER, enqueue
from nexod.kernel.secrets import SecretUnreadable, decrypt, encrypt
from tenants import doors
from tenants.accounts.actions.api_keys import issue_api_key, recognise
from tenants.accounts.models import User
from tenants.context import TenantUnknown, enter_platform, enter_tenant
from tenants.entry.celery import TenantTask
from tenants.entry.hosts import normalised, place_of
from tenants.models import RunTicket, Tenant, UsageRecord


@pytest.fixture
def whoami():
    """A Celery task that tells whose people it sees."""
    app = Celery("test", set_as_current=False)

    @app.task(base=TenantTask, name="test.whoami")
    def whoami() -> list[str]:
        return sorted(User.objects.values_list("email", flat=True))

    return whoami


@pytest.mark.parametrize("host", ["ACME.test", "acme.test:8000", "acme.test."])
def test_a_host_leads_to_its_tenant(acme, host):
    assert place_of(host).tenant == acme


@pytest.mark.parametrize(
    "host", ["", "unknown.test", "acme.test.evil.test", "127.0.0.1", "[::1]:80", "äcme.test", "acme test"]
)
def test_other_hosts_lead_nowhere(acme, host):
    with pytest.raises(TenantUnknown):
        place_of(host)


def test_hosts_are_normalised():
    assert normalised(" Acme.Test.:443 ".strip()) == "acme.test"


def test_a_celery_task_runs_in_the_tenant_of_its_message(acme, globex, whoami):
    for tenant in (acme, globex):
        seen = whoami.apply(headers={TENANT_HEADER: tenant.schema_name}).get()
        assert seen
        assert all(address.endswith(f"@{tenant.slug}.test") for address in seen)


@pytest.mark.parametrize(
    ("schema", "error"),
    [(None, TenantRequired), ("", TenantRequired), ("public", InvalidInput), ("t_nobody", TenantUnknown)],
)
def test_a_celery_task_without_a_true_tenant_is_refused(acme, whoami, schema, error):
    headers = {} if schema is None else {TENANT_HEADER: schema}
    with pytest.raises(error):
        whoami.apply(headers=headers).get()


def test_nothing_is_enqueued_without_a_tenant(db):
    with pytest.raises(TenantRequired):
        enqueue("workflows.advance_run", run="x")


def test_the_cache_is_each_tenants_own(acme, globex):
    name = f"secret-{uuid4()}"
    with enter_tenant(acme):
        cache.set(name, "ours", 60)
    with enter_tenant(globex):
        assert cache.get(name) is None
    with enter_tenant(acme):
        assert cache.get(name) == "ours"
    with pytest.raises(TenantRequired):
        cache.get(name)


def test_a_secret_of_another_tenant_does_not_open(acme, globex):
    token = encrypt("the key", bound_to=acme.schema_name)
    assert "the key" not in token
    with pytest.raises(SecretUnreadable):
        decrypt(token, bound_to=globex.schema_name)
    assert decrypt(token, bound_to=acme.schema_name) == "the key"


def test_an_api_key_is_worthless_elsewhere(acme, globex):
    with enter_tenant(acme):
        owner = User.objects.get(email="owner@acme.test")
        row, key = issue_api_key(actor=owner, user=owner, name="ci", scopes=["read"])
        assert recognise(key).pk == row.pk
        assert key not in str(row.__dict__)
    with enter_tenant(globex), pytest.raises(Exception, match="not valid here"):
        recognise(key)


def test_content_types_stay_true_under_threads(acme, globex):
    def ask(tenant: Tenant) -> bool:
        with enter_tenant(tenant):
            return ContentType.objects.get_for_model(User).pk == expected

    with enter_tenant(acme):
        expected = ContentType.objects.get(app_label="accounts", model="user").pk
    with enter_platform():
        ContentType.objects.get_for_model(User)
        other = ContentType.objects.get_for_model(Tenant).model
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, [acme, globex] * 20))
    assert other == "tenant"


def test_a_ticket_is_claimed_once_and_only_by_its_tenant(acme, globex):
    run = uuid4()
    with enter_tenant(acme):
        assert doors.open_ticket(run, "runs") == "ready"
    with enter_tenant(globex):
        assert doors.claim_ticket(run, "thief", 30) is None
    with enter_tenant(acme):
        token = doors.claim_ticket(run, "worker", 30)
        assert token == 1
        assert doors.claim_ticket(run, "second worker", 30) is None
        assert doors.keep_ticket(run, token, 30)
        assert not doors.keep_ticket(run, token + 1, 30)


def test_a_wakeup_while_claimed_is_not_lost(acme):
    run = uuid4()
    with enter_tenant(acme):
        doors.open_ticket(run, "runs")
        token = doors.claim_ticket(run, "worker", 30)
        assert doors.open_ticket(run, "runs") == "claimed"
        assert doors.leave_ticket(run, token, "parked")
        assert doors.claim_ticket(run, "worker", 30) == token + 1


def test_an_expired_lease_frees_the_run(acme):
    run = uuid4()
    with enter_tenant(acme):
        doors.open_ticket(run, "runs")
        first = doors.claim_ticket(run, "worker", -1)
        assert doors.claim_ticket(run, "other", 30) == first + 1
        assert not doors.leave_ticket(run, first, "done")


def test_usage_is_counted_for_the_tenant_that_used(acme, globex):
    for tenant, amount in ((acme, 3), (acme, 4), (globex, 1)):
        with enter_tenant(tenant):
            doors.add_usage("steps", amount)
    with enter_platform():
        amounts = dict(UsageRecord.objects.filter(metric="steps").values_list("tenant__slug", "amount"))
    assert amounts["acme"] >= 7
    assert amounts["globex"] < 7


def test_doors_are_closed_to_the_login_role(acme):
    with enter_platform(), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        doors.standing()


def test_a_suspended_tenants_role_finds_the_doors_closed(acme):
    with enter_platform():
        Tenant.objects.filter(pk=acme.pk).update(status="suspended")
    with enter_tenant(acme), pytest.raises(DatabaseError, match="no active tenant"), transaction.atomic():
        doors.standing()


def test_a_tenant_cannot_write_tickets_itself(acme):
    with enter_tenant(acme), pytest.raises(DatabaseError), transaction.atomic():
        RunTicket.objects.count()


def test_scope_names_the_tenant_inside_only(acme):
    with enter_tenant(acme):
        assert scope.tenant.get() == acme.schema_name
    assert scope.tenant.get() == ""
    with enter_tenant(acme):
        connection.ensure_connection()
        assert connection.schema_name == acme.schema_name
