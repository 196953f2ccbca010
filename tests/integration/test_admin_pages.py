"""Every page of a tenant's admin opens, shows no row of another tenant, and asks the database no more for more rows."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.context import enter_tenant
from tests.content import fill

LISTS = {
    "agents/agent": 12, "agents/crew": 12, "agents/modelconnection": 12, "agents/knowledgebase": 12, "agents/document": 13,
    "workflows/workflow": 12, "workflows/run": 15, "workflows/approval": 16, "workflows/artifact": 13,
    "accounts/user": 14, "accounts/apikey": 12, "collaboration/notification": 12, "admin/logentry": 13,
}  # fmt: skip
FORMS = ("agents/agent", "agents/crew", "agents/modelconnection", "agents/knowledgebase", "workflows/workflow",
         "accounts/user", "accounts/apikey")  # fmt: skip
PAGES = ("", "workflows/starters/", "start/agent/agent-one/", "start/crew/crew-one/", "start/workflow/greeting-one/")


def queries(client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return len(caught)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_opens_and_asks_no_more_for_more_rows(visit, acme, person, content, name):
    client = visit("acme", "owner")
    client.get(f"/admin/{name}/")  # the first request of a process fills caches
    few = queries(client, f"/admin/{name}/")
    with enter_tenant(acme):
        for number in range(5):
            fill(person("acme", "owner"), mark=f"more{number}")
    many = queries(client, f"/admin/{name}/")
    assert many == few
    assert many <= LISTS[name] + 6


def test_the_first_page_asks_no_more_for_more_rows(visit, acme, person, content):
    client = visit("acme", "owner")
    client.get("/admin/")
    few = queries(client, "/admin/")
    with enter_tenant(acme):
        for number in range(4):
            fill(person("acme", "owner"), mark=f"more{number}")
    assert queries(client, "/admin/") <= few + 1


@pytest.mark.parametrize("name", FORMS)
def test_the_form_for_a_new_row_opens(visit, content, name):
    assert visit("acme", "owner").get(f"/admin/{name}/add/").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_ours_opens(visit, content, path):
    assert visit("acme", "owner").get(f"/admin/{path}").status_code == 200


def rows_of(content) -> dict[str, object]:
    return {
        "agents/agent": content.agent, "agents/crew": content.crew, "agents/modelconnection": content.connection,
        "agents/knowledgebase": content.knowledge_base, "agents/document": content.document,
        "workflows/workflow": content.workflow, "workflows/run": content.run, "workflows/approval": content.approval,
        "workflows/artifact": content.artifact, "accounts/user": content.user, "accounts/apikey": content.api_key,
    }  # fmt: skip


def test_every_row_has_a_page(visit, content):
    client = visit("acme", "owner")
    for name, row in rows_of(content).items():
        answer = client.get(f"/admin/{name}/{row.pk}/change/")
        assert answer.status_code == 200, name


def test_no_row_of_acme_is_found_at_globex(visit, content):
    client = visit("globex", "owner")
    for name, row in rows_of(content).items():
        listed = client.get(f"/admin/{name}/").content.decode()
        assert str(row.pk) not in listed, name
        answer = client.get(f"/admin/{name}/{row.pk}/change/")
        assert answer.status_code in (302, 404), name
        client.get("/admin/")  # shows, and so forgets, Django's message that names the id


def test_pieces_of_pages_of_acme_are_not_found_at_globex(visit, content):
    client = visit("globex", "owner")
    run, step = content.run, content.step
    for path in (
        f"workflows/run/{run.pk}/live/",
        f"workflows/run/{run.pk}/steps/{step.pk}/",
        f"workflows/artifact/{content.artifact.pk}/download/",
        f"workflows/workflow/{content.workflow.pk}/versions/1/",
        f"collaboration/notification/{content.notification.pk}/open/",
    ):
        assert client.get(f"/admin/{path}").status_code == 404, path
    documents = client.get(f"/admin/agents/knowledgebase/{content.knowledge_base.pk}/documents/")
    assert "one.md" not in documents.content.decode()


def test_an_empty_list_says_what_to_do_next(visit):
    page = visit("acme", "owner").get("/admin/agents/knowledgebase/").content.decode()
    assert "A knowledge base holds documents that agents cite" in page
    assert "Add knowledge base" in page


def test_an_empty_workspace_shows_its_first_steps(visit):
    page = visit("acme", "owner").get("/admin/").content.decode()
    assert "Get your workspace going" in page
    assert re.search(r'href="/admin/agents/modelconnection/add/"', page)


def test_search_finds_records_and_pages(visit, content):
    page = visit("acme", "owner").get("/admin/search/?s=agent&extended=1").content.decode()
    assert "Agent one" in page
    assert "/admin/agents/agent/" in page
    elsewhere = visit("globex", "owner").get("/admin/search/?s=agent+one&extended=1").content.decode()
    assert "Agent one" not in elsewhere


def test_search_is_never_stale(visit, acme, person):
    client = visit("acme", "owner")
    assert "Agent late" not in client.get("/admin/search/?s=late&extended=1").content.decode()
    with enter_tenant(acme):
        fill(person("acme", "owner"), mark="late")
    assert "Agent late" in client.get("/admin/search/?s=late&extended=1").content.decode()


def test_search_shows_a_viewer_no_people(visit, content):
    page = visit("acme", "viewer").get("/admin/search/?s=acme.test&extended=1").content.decode()
    assert "editor@acme.test" not in page


@pytest.mark.parametrize("name", ["workflows/run", "workflows/approval", "workflows/artifact"])
def test_an_id_that_is_none_is_not_found(visit, content, name):
    assert visit("acme", "owner").get(f"/admin/{name}/not-an-id/change/").status_code == 404
