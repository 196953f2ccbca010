"""Lists: whole by pages, narrowed by filters, and as cheap for many rows as for one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import AgentVersion
from tenants.accounts.models import User
from tenants.context import enter_tenant
from tests.content import fill
from tests.routes import PUBLIC, routes
from workflows.models import Case, Run, Step, Trial, WorkflowVersion

UNPAGED = {
    PUBLIC,
    "me",
    "usage",
    "node-types",
    "trigger-kinds",
    "definition-schema",
    "bundle-schema",
    "starters",
    "scorers",
    "tools",
    "groups",
    "search",
    "memories/search",
    "business-hours",
    "notifications/preferences",
    "notifications/unread",
    "comments/mentionable",
    "presence",
}
STREAM = "runs/<uuid:run_id>/events"
READS = [route for route in routes() if route.is_safe and route.pattern not in (PUBLIC, STREAM)]
NESTED = {"runs/<uuid:run_id>/steps", "workflows/<uuid:workflow_id>/versions", "agents/<uuid:agent_id>/versions",
          "documents/<uuid:pk>/chunks",
          "evaluations/<uuid:evaluation_id>/trials"}  # fmt: skip
LISTS = [
    route for route in READS if route.pattern in NESTED or ("<" not in route.pattern and route.pattern not in UNPAGED)
]
# The host, the key with its user and what he may, and what the page itself asks.
MOST_QUERIES = 6
# An approval is shown with its votes, its record, and whether the caller may decide.
# What is written together is read under a lock of its row, with the content as it is saved and its document.
MORE_QUERIES = {
    "approvals/<uuid:pk>": 8,
    "workflows/<uuid:pk>/changes": 7,
    "agents/<uuid:pk>/draft": 10,
    "crews/<uuid:pk>/draft": 12,
    "knowledge-bases/<uuid:pk>/draft": 8,
}
# Asks each knowledge base by itself, at most twenty of them.
EACH_BY_ITSELF = {"search"}


@pytest.fixture
def one(acme, person):
    """Return one of everything in acme."""
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


def grow(content):
    """Add three more of everything, and three more rows to what is nested."""
    for number in range(3):
        more = fill(content.user, mark=f"more{number}")
        more.crew.tasks.last().context.add(more.crew.tasks.first())
        Step.objects.create(run=content.run, node="ask", node_type="approval", visit=number + 2, status="running")
        WorkflowVersion.objects.create(workflow=content.workflow, number=number + 2, definition={}, author=content.user)
        AgentVersion.objects.create(agent=content.agent, number=number + 2, content={}, author=content.user)
        case = Case.objects.create(data_set=content.data_set, name=f"more {number}", inputs={"name": "x"})
        Trial.objects.create(evaluation=content.evaluation, contestant=content.trial.contestant, case=case)
        User.objects.create_user(f"more{number}@acme.test").groups.set(content.user.groups.all())


def queries_of(client, path):
    client("get", path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client("get", path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("route", [route for route in READS if route.pattern not in EACH_BY_ITSELF], ids=str)
def test_more_rows_cost_no_more_queries(program, acme, one, route):
    owner, path = program("acme", "owner"), route.of(one)
    with enter_tenant(acme):
        before = queries_of(owner, path)
        grow(one)
        after = queries_of(owner, path)
    assert before == after
    assert after <= MORE_QUERIES.get(route.pattern, MOST_QUERIES)


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_pages_give_every_row_once(program, acme, one, route):
    owner, path = program("acme", "owner"), route.of(one)
    with enter_tenant(acme):
        grow(one)
    whole = [row["id"] for row in owner.get(path)["results"]]
    walked, link = [], f"{path}?limit=2"
    while link:
        page = owner.get(link)
        walked += [row["id"] for row in page["results"]]
        assert len(page["results"]) <= 2
        link = page["next"]
    assert walked == whole
    assert len(set(walked)) == len(walked)


@pytest.mark.parametrize("route", LISTS, ids=str)
@pytest.mark.parametrize("query", ["cursor=nonsense", "cursor=%00", "limit=0", "limit=-1", "limit=many"])
def test_a_page_that_is_none_is_refused(program, one, route, query):
    refused = program("acme", "owner")("get", f"{route.of(one)}?{query}")
    assert refused.status_code == 400, refused.content
    assert refused.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize(
    "query",
    [
        "runs?status=bogus", "runs?kind=job", "runs?workflow=1", "approvals?status=open", "artifacts?run=none",
        "notifications?unread=perhaps", "users?role=god", "documents?knowledge_base=none",
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused(program, one, query):
    refused = program("acme", "owner")("get", query)
    field = query.split("?")[1].split("=")[0]
    assert refused.status_code == 400, refused.content
    assert {problem["field"] for problem in refused.json()["error"]["details"]} == {field}


def test_runs_are_narrowed_by_what_they_are(program, acme, one):
    with enter_tenant(acme):
        other = fill(one.user, mark="two")
        Run.objects.filter(pk=other.run.pk).update(status="failed")
    owner = program("acme", "owner")

    def found(query):
        return [row["id"] for row in owner.get(f"runs?{query}")["results"]]

    assert found("status=failed") == [str(other.run.pk)]
    assert found("status=failed&status=waiting") == [str(other.run.pk), str(one.run.pk)]
    assert found(f"workflow={one.workflow.pk}") == [str(one.run.pk)]
    assert found("kind=crew") == []


def test_notifications_are_ones_own_and_are_read_once(program, acme, one, person):
    editor = person("acme", "editor")
    with enter_tenant(acme):
        fill(editor, mark="two")
    owner = program("acme", "owner")
    assert [row["id"] for row in owner.get("notifications?unread=true")["results"]] == [str(one.notification.pk)]
    first = owner("post", f"notifications/{one.notification.pk}/read").json()["read_at"]
    assert first
    assert owner("post", f"notifications/{one.notification.pk}/read").json()["read_at"] == first
    assert owner.get("notifications?unread=true")["results"] == []
    assert program("acme", "editor")("post", f"notifications/{one.notification.pk}/read").status_code == 404
    assert program("acme", "editor")("post", "notifications/read").json() == {"read": 1}
