"""The list of runs: narrowed, searched, ordered by indexes, live, kept as views, and many at once with the outcome of each."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tenants.context import enter_tenant
from tests.admin import told
from tests.content import fill
from workflows.actions.saved_views import MOST, delete_view, save_view
from workflows.admin import run_list
from workflows.models import Firing, Run, SavedView, Trigger

LIST = "/admin/workflows/run/"


@pytest.fixture
def two(acme: Any, content: Any, person: Any) -> Any:
    """A second run of everything else, which cost something, an hour and a day ago."""
    with enter_tenant(acme):
        found = fill(person("acme", "editor"), mark="two")
        Run.objects.filter(pk=found.run.pk).update(
            status="failed", waiting_for="", cost_usd=Decimal("2"), created_at=timezone.now() - timedelta(hours=25),
            error={"code": "model_unavailable", "message": "m", "node": "greet"},
        )  # fmt: skip
        return found


def listed(client: Any, query: str) -> set[str]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, query
    return {run.title for run in answer.context["cl"].result_list}


def test_each_filter_narrows_the_list(visit, acme, content, two):
    client = visit("acme", "owner")
    with enter_tenant(acme):
        Firing.objects.filter(trigger=two.trigger).update(run=two.run)
    one, other = content.run.title, two.run.title
    assert {one, other} <= listed(client, "")
    for query, there, away in (
        ("status__exact=failed", other, one),
        ("waiting_for__exact=approval", one, other),
        ("reason=model_unavailable", other, one),
        ("begun=hour", one, other),
        (f"workflow__id__exact={two.workflow.pk}", other, one),
        (f"started_by__id__exact={two.user.pk}", other, one),
        (f"trigger={two.trigger.pk}", other, one),
        ("cost=1", other, one),
    ):
        found = listed(client, query)
        assert there in found, query
        assert away not in found, query
    for nothing in ("agent__id__exact=x", f"crew__id__exact={two.crew.pk}", "trigger=" + str(two.run.pk)):
        assert listed(client, nothing) == set(), nothing


def test_search_finds_by_id_title_and_inputs(visit, acme, content, two):
    client = visit("acme", "owner")
    with enter_tenant(acme):
        Run.objects.filter(pk=two.run.pk).update(inputs={"topic": "Ocean tides in winter"})
    for term in (str(two.run.pk), str(two.run.pk)[-6:], two.run.title, "tides ocean"):
        assert listed(client, f"q={term}") == {two.run.title}, term
    assert listed(client, "q=tides+nowhere") == set()
    assert listed(visit("globex", "owner"), f"q={two.run.pk}") == set()


def test_search_looks_at_the_newest_only(visit, acme, content, two, monkeypatch):
    monkeypatch.setattr(run_list, "SEARCHED", 1)
    client = visit("acme", "owner")
    assert listed(client, f"q={two.run.title}") == set()
    assert listed(client, f"q={two.run.pk}") == {two.run.title}


def test_it_counts_no_further_than_anybody_leafs(acme, content, two, monkeypatch):
    monkeypatch.setattr(run_list, "COUNTED", 1)
    with enter_tenant(acme):
        assert Run.objects.count() > 1
        assert run_list.RunPaginator(Run.objects.all(), 50).count == 1


def plan(queryset: Any) -> str:
    sql, values = queryset.query.sql_with_params()
    with connection.cursor() as cursor:
        # So few rows may be sorted as fast as they are found; without an index in that order they would have to be.
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        return json.dumps(cursor.fetchone()[0])


@pytest.mark.parametrize("query", ["", "o=5", "o=-5", "o=8", "o=-8", "status__exact=failed", "workflow"])
def test_an_index_gives_each_order(visit, acme, content, query):
    now = timezone.now()
    with enter_tenant(acme):
        Run.objects.bulk_create(
            Run(
                kind="workflow", title=f"Run {number}", definition={}, cost_usd=Decimal(number) / 1000,
                workflow=content.workflow if number % 50 == 0 else None, started_by=content.user,
                status="failed" if number % 4 == 0 else "completed",
            )
            for number in range(6_000)
        )  # fmt: skip
        for number, run in enumerate(rows := list(Run.objects.only("id").order_by())):
            run.created_at = now - timedelta(seconds=number)
        Run.objects.bulk_update(rows, ["created_at"], batch_size=2_000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workflows_run")
        address = f"workflow__id__exact={content.workflow.pk}" if query == "workflow" else query
        queryset = changelist(acme, content.user, address).queryset[:50]
        found = plan(queryset)
    assert '"Sort"' not in found, found
    assert "Incremental Sort" not in found or not query.startswith("o="), found
    assert "Index Scan" in found
    assert "Seq Scan on workflows_run" not in found


def changelist(tenant: Any, user: Any, query: str) -> Any:
    from nexod.admin import tenant_site

    request = RequestFactory().get(f"{LIST}?{query}")
    request.user = user
    request.tenant = tenant
    return tenant_site._registry[Run].get_changelist_instance(request)


def test_what_has_no_index_cannot_be_an_order(visit, acme, content):
    page = visit("acme", "owner").get(LIST).content.decode()
    assert "?o=5" in page
    assert "?o=8" in page
    for number in (1, 2, 4, 6, 7):
        assert f"?o={number}" not in page


def test_rows_come_as_they_are_now(visit, acme, content, two):
    client = visit("acme", "viewer")
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(status="running", waiting_for="", tokens_out=1234)
    rows = client.get(f"{LIST}rows/?id={content.run.pk}&id={two.run.pk}&id=x").json()["rows"]
    assert set(rows) == {str(content.run.pk), str(two.run.pk)}
    assert "Running" in rows[str(content.run.pk)]["state"]
    assert rows[str(content.run.pk)]["tokens"] == "1,234"
    assert (rows[str(two.run.pk)]["over"], rows[str(two.run.pk)]["reason"]) == (True, "model unavailable at greet")
    assert visit("globex", "owner").get(f"{LIST}rows/?id={content.run.pk}").json() == {"rows": {}}


def test_many_are_cancelled_and_each_says_what_came_of_it(visit, acme, content, two):
    client = visit("acme", "owner")
    chosen = {"action": "cancel_many", ACTION_CHECKBOX_NAME: [str(content.run.pk), str(two.run.pk)]}
    asks = client.post(LIST, chosen).content.decode()
    assert "Cancel 2 runs?" in asks
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "waiting"
    done = client.post(LIST, {**chosen, "confirmed": "yes"}).content.decode()
    assert "1 of 2 done" in done
    assert "Is being cancelled" in done
    assert "The run is failed already." in done
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "cancelled"


def test_many_that_failed_go_on(visit, acme, content, two):
    chosen = {"action": "resume_failed", ACTION_CHECKBOX_NAME: [str(two.run.pk)], "confirmed": "yes"}
    done = visit("acme", "editor").post(LIST, chosen).content.decode()
    assert "1 of 1 done" in done
    with enter_tenant(acme):
        assert Run.objects.get(pk=two.run.pk).status == "pending"


def test_who_may_not_cancel_is_not_offered_it_and_runs_elsewhere_stay(visit, acme, content):
    chosen = {"action": "cancel_many", ACTION_CHECKBOX_NAME: [str(content.run.pk)], "confirmed": "yes"}
    visit("acme", "viewer").post(LIST, chosen)
    visit("globex", "owner").post(LIST, chosen)
    with enter_tenant(acme):
        assert Run.objects.get(pk=content.run.pk).status == "waiting"


def test_a_view_is_kept_found_and_forgotten(visit, acme, content):
    client = visit("acme", "viewer")
    answer = client.post(f"{LIST}views/", {"name": " My  failed ", "query": "status__exact=failed&p=3"}, follow=True)
    assert "“My failed” is kept." in told(answer)
    assert 'href="?status__exact=failed" aria-current="page"' in answer.content.decode()
    with enter_tenant(acme):
        view = SavedView.objects.get(name__in=("My failed", "Dear"))
        assert (view.query, view.is_shared) == ("status__exact=failed", False)
    assert "My failed" not in visit("acme", "owner").get(LIST).content.decode()
    assert visit("acme", "owner").post(f"{LIST}views/{view.pk}/delete/").status_code == 404
    assert visit("globex", "owner").post(f"{LIST}views/{view.pk}/delete/").status_code == 404
    assert "“My failed” is forgotten." in told(client.post(f"{LIST}views/{view.pk}/delete/", follow=True))
    assert "My failed" not in client.get(LIST).content.decode()


def test_a_shared_view_is_everybodys_here_and_nobodys_elsewhere(visit, acme, person, content):
    visit("acme", "editor").post(f"{LIST}views/", {"name": "Dear", "query": "cost=10", "is_shared": "on"})
    page = visit("acme", "viewer").get(LIST).content.decode()
    assert 'href="?cost=10"' in page
    assert "Dear" not in visit("globex", "owner").get(LIST).content.decode()
    with enter_tenant(acme):
        view = SavedView.objects.get(name__in=("My failed", "Dear"))
        with pytest.raises(PermissionDenied):
            delete_view(actor=person("acme", "viewer"), view=view)
        delete_view(actor=person("acme", "admin"), view=view)


def test_who_may_not_share_keeps_it_to_themselves(visit, acme, person, content):
    answer = visit("acme", "viewer").post(
        f"{LIST}views/", {"name": "Dear", "query": "cost=10", "is_shared": "on"}, follow=True
    )
    assert "is kept" not in told(answer)
    with enter_tenant(acme):
        assert not SavedView.objects.filter(name="Dear").exists()
        with pytest.raises(InvalidInput):
            save_view(actor=person("acme", "viewer"), name=" ", query="")


def test_the_same_name_is_the_same_view_and_there_are_only_so_many(acme, person, content):
    actor = person("acme", "viewer")
    with enter_tenant(acme):
        for number in range(MOST):
            save_view(actor=actor, name=f"View {number}", query="cost=1")
        save_view(actor=actor, name="View 1", query="cost=10")
        with pytest.raises(InvalidInput):
            save_view(actor=actor, name="One more", query="")
        assert SavedView.objects.get(name="View 1").query == "cost=10"


def test_a_view_leads_nowhere_but_into_the_list(acme, person, content):
    with enter_tenant(acme):
        view = save_view(actor=person("acme", "viewer"), name="Odd", query='?q="><script>&//evil.test=1#x')
        assert "<" not in view.query
        assert view.query.startswith("q=")


def test_who_may_not_see_people_is_not_told_who_there_is(visit, content):
    assert "Approver Person" in visit("acme", "owner").get(LIST).content.decode()
    assert "Approver Person" not in visit("acme", "viewer").get(LIST).content.decode()


def test_an_empty_list_says_what_to_do(visit, acme, content):
    with enter_tenant(acme):
        Run.objects.all().delete()
    assert "A run appears here as soon as somebody starts" in visit("acme", "owner").get(LIST).content.decode()


def test_a_trigger_that_is_gone_leaves_the_list_standing(visit, acme, content):
    with enter_tenant(acme):
        gone = content.trigger.pk
        Trigger.objects.filter(pk=gone).delete()
    assert listed(visit("acme", "owner"), f"trigger={gone}") == set()
