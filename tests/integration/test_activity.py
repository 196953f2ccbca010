"""The feed: what people did, once, with what they did it to; told to those who may see that, and to no other tenant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from collaboration.actions.activity import forget_activity
from collaboration.models import Activity
from nexod.kernel import activity
from nexod.kernel.identifiers import first_id
from tenants.context import enter_tenant
from tests.content import GREETING, fill
from tests.integration.test_comments import take
from workflows.models import Run

TASK = {"slug": "look", "description": "Look.", "expected_output": "A list."}


def feed(client, query=""):
    lines = client.get(f"activity{query}")["results"]
    return [(line["actor"] and line["actor"]["full_name"], line["verb"], line["subject_kind"]) for line in lines]


@pytest.fixture
def workflow(program):
    return program("acme", "editor")("post", "workflows", {"name": "Greeting", "definition": GREETING}).json()


def test_what_people_do_to_a_workflow_is_told_in_its_order(program, workflow):
    editor, owner = program("acme", "editor"), program("acme", "owner")
    editor("post", f"workflows/{workflow['id']}/publish", {})
    editor("post", f"workflows/{workflow['id']}/runs", {"inputs": {"name": "Ann"}})
    said = {"subject": {"kind": "workflow", "id": workflow["id"]}, "text": "Secret words"}
    thread = owner("post", "comments", said).json()
    owner("post", f"comments/{thread['id']}/resolve", {})
    lines = feed(program("acme", "viewer"), f"?subject=workflow:{workflow['id']}")
    assert lines == [
        ("Olive Owner", "resolved", "workflow"),
        ("Olive Owner", "commented", "workflow"),
        ("Editor Person", "started", "run"),
        ("Editor Person", "published", "workflow"),
        ("Editor Person", "created", "workflow"),
    ]
    assert "Secret" not in str(owner.get("activity"))
    assert feed(program("globex", "owner")) == []


def test_that_a_step_was_commented_on_is_told_without_its_name(program, acme, person):
    """Who reads the feed may see the run and not its steps."""
    with enter_tenant(acme):
        content = fill(person("acme", "owner"))
        Activity.objects.all().delete()
    subject = {"kind": "run", "id": str(content.run.pk)}
    anchor = {"part": "step", "step": str(content.step.pk)}
    said = {"subject": subject, "text": "Why?", "anchor": anchor}
    thread = program("acme", "editor")("post", "comments", said).json()
    assert thread["anchor"]["place"]
    [line] = program("acme", "viewer").get("activity?verb=commented")["results"]
    assert line["facts"]["place"] == ""


def test_that_there_are_threads_is_told_to_who_may_see_threads(program, acme, workflow, person):
    said = {"subject": {"kind": "workflow", "id": workflow["id"]}, "text": "Why?"}
    program("acme", "editor")("post", "comments", said)
    with enter_tenant(acme):
        take(person("acme", "viewer"), "view_commentthread")
    assert [verb for _, verb, _ in feed(program("acme", "viewer"))] == ["created"]
    assert [verb for _, verb, _ in feed(program("acme", "editor"))] == ["commented", "created"]


def test_edits_of_one_piece_of_work_are_one_line(program, workflow):
    editor = program("acme", "owner")  # what the editor changes now is part of making it
    for text in ("Hi", "Hi there", "Hello there"):
        changed = {
            **GREETING,
            "nodes": [{**GREETING["nodes"][0], "config": {"template": text}}, *GREETING["nodes"][1:]],
        }
        assert editor("patch", f"workflows/{workflow['id']}", {"definition": changed}).status_code == 200
    assert feed(editor, "?verb=edited") == [("Olive Owner", "edited", "workflow")]


def test_what_is_done_to_agents_crews_and_knowledge_bases_is_told(program, acme, person):
    owner, viewer = program("acme", "owner"), program("acme", "viewer")
    agent = owner("post", "agents", {"name": "Scout", "role": "r", "goal": "Secret aim"}).json()
    crew = owner("post", "crews", {"name": "Scouts", "tasks": [TASK | {"agent": agent["slug"]}]}).json()
    base = owner("post", "knowledge-bases", {"name": "Handbook"}).json()
    changes = {"agents": (agent, {"goal": "Another"}), "crews": (crew, {"planning": True})}
    changes["knowledge-bases"] = (base, {"description": "All of it"})
    for place, (row, change) in changes.items():
        for _ in range(2):  # the second changes nothing
            assert owner("patch", f"{place}/{row['id']}", change).status_code == 200
    for place, (row, _) in reversed(changes.items()):
        assert owner("delete", f"{place}/{row['id']}").status_code == 204
    kinds = ["agent", "crew", "knowledge"]
    told = [(verb, kind) for _, verb, kind in reversed(feed(viewer))]
    assert told == [(verb, kind) for verb in ("created", "saved") for kind in kinds] + [
        ("deleted", kind) for kind in reversed(kinds)
    ]
    saved = viewer.get("activity?verb=saved")["results"]
    assert [line["facts"]["fields"] for line in saved] == [["description"], ["planning"], ["goal"]]
    assert "Secret" not in str(viewer.get("activity"))
    assert feed(viewer, f"?kind=agent&subject=agent:{agent['id']}&verb=deleted") == [
        ("Olive Owner", "deleted", "agent")
    ]
    assert feed(program("globex", "owner")) == []
    with enter_tenant(acme):
        take(person("acme", "viewer"), "view_agent")
    assert {kind for _, _, kind in feed(program("acme", "viewer"))} == {"crew", "knowledge"}


def test_that_a_workflow_was_deleted_is_told(program, workflow):
    program("acme", "admin")("delete", f"workflows/{workflow['id']}")
    [line] = program("acme", "viewer").get("activity?verb=deleted")["results"]
    assert (line["title"], line["actor"]["email"]) == ("Greeting", "admin@acme.test")
    assert feed(program("globex", "owner")) == []


def test_filters_narrow_together(program, acme, person):
    owner, editor = person("acme", "owner"), person("acme", "editor")
    with enter_tenant(acme):
        content = fill(owner)
        Activity.objects.all().delete()
        for who in (owner, editor):
            for verb in ("edited", "published"):
                activity.note(who, verb, "workflow", content.workflow)
            activity.note(who, "saved", "agent", content.agent)
        Activity.objects.filter(actor=editor, verb="edited").update(created_at=timezone.now() - timedelta(days=3))
    client, about = program("acme", "viewer"), f"subject=workflow:{content.workflow.pk}"
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def found(query):
        return [(who, verb) for who, verb, _ in feed(client, f"?{query}") if verb != "started"]

    assert found(f"{about}&actor={editor.pk}") == [("Editor Person", "published"), ("Editor Person", "edited")]
    assert found(f"{about}&actor={editor.pk}&since={yesterday}") == [("Editor Person", "published")]
    assert found(f"until={yesterday}") == [("Editor Person", "edited")]
    assert found(f"kind=agent&actor={owner.pk}&verb=saved") == [("Olive Owner", "saved")]
    assert found(f"kind=agent&actor={owner.pk}&verb=edited") == []


def test_members_budgets_and_decisions_are_told_to_who_may_see_them(program, acme, person):
    owner = program("acme", "owner")
    owner("post", "users", {"email": "new@acme.test", "role": "viewer"})
    budget = {"name": "Means", "scope": "tenant", "period": "day", "unit": "usd", "limit": 5}
    made = owner("post", "budgets", budget).json()
    owner("patch", f"budgets/{made['id']}", {"limit": 9})
    with enter_tenant(acme):
        content = fill(person("acme", "owner"))
    owner("post", f"approvals/{content.approval.pk}/decide", {"decision": "approve"})
    assert feed(owner, "?kind=member") == [("Olive Owner", "added", "member")]
    assert feed(owner, "?kind=budget") == [("Olive Owner", "changed", "budget"), ("Olive Owner", "created", "budget")]
    assert feed(owner, "?verb=decided") == [("Olive Owner", "decided", "approval")]
    viewer = person("acme", "viewer")
    assert feed(program("acme", "viewer"), "?kind=member") == []
    with enter_tenant(acme):
        take(viewer, "view_run")
    assert "run" not in {kind for _, _, kind in feed(program("acme", "viewer"))}


def test_a_run_says_how_it_stands_and_parts_of_others_are_not_told(program, acme, person):
    with enter_tenant(acme):
        content = fill(person("acme", "owner"))
        Run.objects.filter(pk=content.run.pk).update(status="failed")
        shown = {"kind": "workflow", "title": "Part", "definition": {}}
        Run.objects.create(parent=content.step, **shown)
        Run.objects.create(is_try=True, **shown)
    [line] = program("acme", "owner").get("activity?kind=run")["results"]
    assert (line["title"], line["facts"]["status"]) == (content.run.title, "failed")


def test_pages_go_through_both_tables_without_loss_or_double(program, acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        for number in range(7):
            Run.objects.create(kind="workflow", title=f"Run {number}", definition={}, started_by=owner)
            activity.note(owner, "commented", "workflow", owner, f"Deed {number}")
    client = program("acme", "owner")
    whole = [row["id"] for row in client.get("activity")["results"]]
    walked, link = [], "activity?limit=3"
    while link:
        page = client.get(link)
        walked += [row["id"] for row in page["results"]]
        link, last = page["next"], page
    assert walked == whole
    assert len(set(walked)) == 14
    back = client.get(last["previous"])["results"]
    assert [row["id"] for row in back] == whole[-5:-2]


def test_it_is_narrowed_by_person_and_time(program, acme, person):
    with enter_tenant(acme):
        fill(person("acme", "editor"))
    owner = program("acme", "owner")
    editor, viewer = person("acme", "editor"), person("acme", "viewer")
    assert len(feed(owner, f"?actor={editor.pk}")) == 2
    assert feed(owner, f"?actor={viewer.pk}") == []
    assert feed(owner, "?since=2100-01-01T00:00:00Z") == feed(owner, "?until=2000-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query", ["actor=me", "kind=secret", "subject=run", "since=yesterday", "colour=red"])
def test_a_filter_that_means_nothing_is_refused(program, query):
    refused = program("acme", "owner")("get", f"activity?{query}")
    assert refused.status_code == 400
    assert {one["field"] for one in refused.json()["error"]["details"]} == {query.split("=")[0]}


def test_a_deed_that_was_taken_back_is_not_told(acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        with transaction.atomic():
            activity.note(owner, "published", "workflow", owner)
            transaction.set_rollback(True)
        assert not Activity.objects.exists()


def test_old_lines_are_forgotten(acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        activity.note(owner, "published", "workflow", owner, "New")
        Activity.objects.create(
            id=first_id(timezone.now() - timedelta(days=400)), verb="published", subject_kind="workflow", title="Old"
        )
        assert forget_activity(days=365) == 1
        assert Activity.objects.get().title == "New"


def test_the_order_stands_in_an_index(acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme), connection.cursor() as cursor:
        for number in range(300):
            activity.note(owner, "published", "workflow", owner, f"No. {number}")
        cursor.execute("ANALYZE collaboration_activity")
        cursor.execute("SET LOCAL enable_sort = off")
        rows = Activity.objects.filter(actor=owner).order_by("-created_at", "-pk")[:10]
        assert "activity_of_person" in rows.explain()
