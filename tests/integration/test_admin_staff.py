"""The staff's admin: tenants asked for and made, suspended and resumed; domains, plans, usage, the queue, the staff itself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nexod.kernel.errors import PermissionDenied
from nexod.kernel.identifiers import new_id
from tenants.accounts.models import User
from tenants.actions.requests import find_request
from tenants.actions.tickets import send_dead_again
from tenants.context import enter_platform, here
from tenants.models import Domain, Plan, RunTicket, Tenant, UsageRecord
from tests.admin import filled, told

PAGES = ("", "tenants/tenant/", "tenants/tenant/new/", "tenants/domain/", "tenants/plan/", "tenants/usagerecord/",
         "tenants/runticket/", "accounts/user/", "admin/logentry/")  # fmt: skip
NEW = {
    "name": "Initech",
    "slug": "",
    "domain": "Initech.test",
    "email": "Boss@initech.test",
    "full_name": "",
    "password": "",
}


@pytest.fixture
def platform(db):
    with enter_platform():
        yield


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(staff, acme, path):
    assert staff().get(f"/admin/{path}").status_code == 200


@pytest.mark.parametrize("path", [page for page in PAGES if "new" not in page])
def test_an_observer_reads(staff, acme, path):
    assert staff(administrator=False).get(f"/admin/{path}").status_code == 200


def test_an_observer_changes_nothing(staff, acme, platform):
    client = staff(administrator=False)
    assert client.get("/admin/tenants/tenant/new/").status_code == 403
    assert client.post("/admin/tenants/tenant/new/", NEW).status_code == 403
    assert client.post(f"/admin/tenants/tenant/{acme.pk}/suspend/confirm/").status_code == 403
    assert client.post("/admin/tenants/plan/add/", {"name": "x", "slug": "x"}).status_code == 403
    assert Tenant.objects.get(pk=acme.pk).status == "active"


def ask(client, **more):
    plan = Plan.objects.get(slug="standard")
    return client.post("/admin/tenants/tenant/new/", {**NEW, "plan": str(plan.pk), **more})


def test_a_tenant_is_asked_for_and_its_password_shown_once(staff, acme, platform, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as sent:
        page = ask(staff()).content.decode()
    assert len(sent) == 1
    assert "Waiting for a worker" in page
    password = re.search(r'id="nx-password">([\w-]+)<', page).group(1)
    request = find_request(re.search(r"/asked/([0-9a-f-]+)/", page).group(1))
    assert (request.slug, request.domain, request.email) == ("initech", "initech.test", "boss@initech.test")
    assert password not in request.sealed
    assert password not in staff().get(f"/admin/tenants/tenant/asked/{request.id}/").content.decode()
    cache.clear()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"domain": "acme.test"}, "domain"),
        ({"domain": "https://x.test/"}, "domain"),
        ({"domain": "platform.test"}, "domain"),
        ({"email": "nobody"}, "email"),
        ({"password": "123"}, "password"),
        ({"slug": "acme"}, None),
        ({"name": "!!!"}, "slug"),
    ],
)
def test_a_wrong_request_is_said_at_its_field(staff, acme, platform, wrong, field):
    errors = ask(staff(), **wrong).context["form"].errors
    assert (field or "__all__") in errors


def test_a_forgotten_request_is_not_found(staff):
    assert staff().get(f"/admin/tenants/tenant/asked/{new_id()}/").status_code == 404


def test_suspending_is_asked_first_and_closes_the_doors(staff, visit, acme, platform):
    client, theirs = staff(), visit("acme", "owner")
    path = f"/admin/tenants/tenant/{acme.pk}/suspend/confirm/"
    assert "Nobody of Acme can log in" in client.get(path).content.decode()
    assert theirs.get("/admin/").status_code == 200
    assert "Acme is suspended." in told(client.post(path, follow=True))
    assert theirs.get("/admin/").status_code == 403
    assert visit("globex", "owner").get("/admin/").status_code == 200
    assert "The tenant is suspended." in told(client.post(path, follow=True))
    client.post(f"/admin/tenants/tenant/{acme.pk}/resume/confirm/")
    assert theirs.get("/admin/").status_code == 200
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == ["Suspended.", "Resumed."]


def test_name_and_plan_change_and_nothing_else(staff, acme, platform):
    plan = Plan.objects.create(slug="big", name="Big")
    client, path = staff(), f"/admin/tenants/tenant/{acme.pk}/change/"
    data = filled(client.get(path).content.decode(), "tenant_form")
    client.post(
        path, {**data, "name": "Acme Ltd", "plan": str(plan.pk), "slug": "x", "schema_name": "t_x", "status": "erased"}
    )
    after = Tenant.objects.get(pk=acme.pk)
    assert (after.name, after.plan, after.slug, after.schema_name, after.status) == (
        "Acme Ltd", plan, "acme", acme.schema_name, "active",
    )  # fmt: skip


def test_a_domain_is_added_and_leads_there(staff, visit, acme, platform):
    client = staff()
    client.post("/admin/tenants/domain/add/", {"domain": "WWW.acme.test", "tenant": str(acme.pk)})
    assert Domain.objects.get(domain="www.acme.test").tenant == acme
    assert visit("acme").get("/admin/login/", headers={"host": "www.acme.test"}).status_code == 200
    taken = client.post("/admin/tenants/domain/add/", {"domain": "globex.test", "tenant": str(acme.pk)})
    assert "domain" in taken.context["adminform"].form.errors


def test_the_primary_domain_stays(staff, acme, platform):
    row = Domain.objects.get(domain="acme.test")
    answer = staff().post(f"/admin/tenants/domain/{row.pk}/delete/", {"post": "yes"}, follow=True)
    assert "primary domain" in answer.content.decode()
    assert Domain.objects.filter(pk=row.pk).exists()


def test_a_plan_that_tenants_have_stays(staff, acme, platform):
    plan = Plan.objects.get(slug="standard")
    staff().post(f"/admin/tenants/plan/{plan.pk}/delete/", {"post": "yes"})
    assert Plan.objects.filter(pk=plan.pk).exists()


def use(tenant: Tenant, days: int) -> None:
    for number in range(days):
        day = timezone.now().date() - timedelta(days=number)
        for metric, amount in (("runs", 7), ("tokens_in", 2000), ("storage_bytes", 500)):
            UsageRecord.objects.create(tenant=tenant, day=day, metric=metric, amount=amount)


def test_usage_is_charted_and_tabled_by_tenant(staff, acme, globex, platform):
    use(acme, 3)
    use(globex, 1)
    page = staff().get("/admin/tenants/usagerecord/?days=7").content.decode()
    assert page.count('<svg class="nx-chart"') == 3
    row = page[page.index("Acme</a></td>") :]
    assert ">21</td>" in row[:200]
    only = staff().get(f"/admin/tenants/usagerecord/?days=7&tenant={globex.pk}").content.decode()
    assert "7 runs" in only
    assert "14 runs" not in only


@pytest.mark.parametrize("path", ["", "tenants/tenant/", "tenants/usagerecord/", "tenants/runticket/"])
def test_pages_ask_no_more_for_more_rows(staff, acme, globex, platform, path):
    client = staff()

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/admin/{path}").status_code == 200
        return len(caught)

    use(acme, 1)
    count()
    few = count()
    use(globex, 6)
    for _ in range(5):
        RunTicket.objects.create(tenant=globex, run=new_id(), queue="runs", not_before=timezone.now())
    assert count() <= few


def test_the_queue_shows_ids_and_lost_leases(staff, acme, platform):
    run = new_id()
    past = timezone.now() - timedelta(minutes=5)
    RunTicket.objects.create(
        tenant=acme, run=run, queue="runs", state="claimed", worker="w1", not_before=past, lease_until=past
    )
    page = staff().get("/admin/tenants/runticket/").content.decode()
    assert str(run)[-12:] in page
    assert "Lease ran out" in page
    assert "1 lost their worker" in staff().get("/admin/").content.decode()


def test_staff_make_staff_and_the_last_administrator_stays(staff, platform):
    client = staff()
    data = {"email": "New@platform.test", "full_name": "", "password": "a fairly long password", "is_superuser": ""}
    client.post("/admin/accounts/user/add/", data)
    user = User.objects.get(email="new@platform.test")
    assert (user.is_superuser, user.is_staff) == (False, True)
    stella = User.objects.get(email="stella@platform.test")
    path = f"/admin/accounts/user/{stella.pk}/change/"
    data = filled(client.get(path).content.decode(), "user_form")
    data.pop("is_superuser")
    assert "at least one active administrator" in client.post(path, data).content.decode()
    assert User.objects.get(pk=stella.pk).is_superuser


def dead_ticket(tenant):
    return RunTicket.objects.create(
        tenant=tenant, run=new_id(), queue="runs", state="dead", reason="workers_lost", attempt=6
    )


def send_again(client, ticket):
    data = {"action": "send_again", "_selected_action": [ticket.pk]}
    return client.post("/admin/tenants/runticket/", data, follow=True)


def test_dead_runs_are_shown_with_their_reason_and_sent_again(staff, acme, platform, monkeypatch):
    sent = []
    monkeypatch.setattr("tenants.actions.tickets.enqueue", lambda *given, **more: sent.append((given, more, here())))
    ticket = dead_ticket(acme)
    client = staff()
    page = client.get("/admin/tenants/runticket/?state__exact=dead").content.decode()
    assert "Dead: workers lost" in page
    assert "1 run lost every worker and was given up" in client.get("/admin/").content.decode()
    assert "1 dead run sent again." in told(send_again(client, ticket))
    [(given, more, place)] = sent
    assert (given, more["run"], place.schema) == (("workflows.revive_run",), str(ticket.run), acme.schema_name)


def test_an_observer_does_not_send_dead_runs_again(staff, acme, platform):
    ticket = dead_ticket(acme)
    send_again(staff(administrator=False), ticket)
    with pytest.raises(PermissionDenied):
        send_dead_again(actor=User(email="o@platform.test"), tickets=RunTicket.objects.all())
    assert RunTicket.objects.get(pk=ticket.pk).state == "dead"
