"""What each role sees and may do in the admin."""

from __future__ import annotations

import pytest

from tenants.context import enter_tenant
from tests.admin import told
from workflows.models import Approval, Run

READS = ("agents/agent", "agents/crew", "agents/knowledgebase", "agents/modelconnection", "workflows/workflow",
         "workflows/run", "workflows/approval", "workflows/artifact", "admin/logentry")  # fmt: skip
WRITERS = {"owner", "admin", "editor"}
EVERYBODY = ("owner", "admin", "editor", "approver", "viewer")


@pytest.mark.parametrize("role", EVERYBODY)
def test_everybody_reads_the_work(visit, content, role):
    client = visit("acme", role)
    for name in READS:
        assert client.get(f"/admin/{name}/").status_code == 200, name
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("role", EVERYBODY)
def test_writers_are_offered_to_add(visit, role):
    page = visit("acme", role).get("/admin/agents/agent/add/")
    assert page.status_code == (200 if role in WRITERS else 403)


@pytest.mark.parametrize("role", EVERYBODY)
def test_owners_and_admins_see_people(visit, role):
    allowed = role in {"owner", "admin"}
    client = visit("acme", role)
    assert client.get("/admin/accounts/user/").status_code == (200 if allowed else 403)
    assert ("/admin/accounts/user/" in client.get("/admin/").content.decode()) is allowed


@pytest.mark.parametrize("role", EVERYBODY)
def test_who_runs(visit, content, role):
    answer = visit("acme", role).get("/admin/start/agent/agent-one/")
    assert answer.status_code == (200 if role in WRITERS else 403)


def nobody_is_away(acme, content):
    with enter_tenant(acme):
        content.absence.delete()


@pytest.mark.parametrize("role", EVERYBODY)
def test_who_decides(visit, acme, content, role):
    """An editor builds and runs but does not approve; an admin may, but this approval is for owner and approver."""
    nobody_is_away(acme, content)
    client = visit("acme", role)
    page = client.get(f"/admin/workflows/approval/{content.approval.pk}/change/").content.decode()
    decides = role in {"owner", "approver"}
    assert ('value="approve"' in page) is decides
    client.post(f"/admin/workflows/approval/{content.approval.pk}/decide/", {"decision": "approve"})
    with enter_tenant(acme):
        assert (Approval.objects.get(pk=content.approval.pk).status == "decided") is decides


def test_a_refused_decision_says_for_whom_it_is(visit, acme, content):
    nobody_is_away(acme, content)
    client = visit("acme", "admin")
    answer = client.post(
        f"/admin/workflows/approval/{content.approval.pk}/decide/", {"decision": "approve"}, follow=True
    )
    assert "This is for owner, approver to decide." in told(answer)


@pytest.mark.parametrize("role", EVERYBODY)
def test_who_cancels(visit, acme, content, role):
    client = visit("acme", role)
    client.post(f"/admin/workflows/run/{content.run.pk}/cancel/")
    with enter_tenant(acme):
        assert (Run.objects.get(pk=content.run.pk).status == "cancelled") is (role in WRITERS)


def test_a_viewer_is_shown_values_and_no_buttons(visit, content):
    page = visit("acme", "viewer").get(f"/admin/agents/agent/{content.agent.pk}/change/").content.decode()
    assert "Agent one" in page
    assert 'name="_save"' not in page
    assert 'name="role"' not in page


def test_a_viewer_who_posts_is_refused(visit, acme, content):
    client = visit("acme", "viewer")
    assert client.post(f"/admin/agents/agent/{content.agent.pk}/change/", {"name": "Mine"}).status_code == 403
    assert client.post(f"/admin/agents/agent/{content.agent.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post("/admin/workflows/starters/briefing/install/").status_code in (302, 403)
    with enter_tenant(acme):
        content.agent.refresh_from_db()
        assert content.agent.name == "Agent one"


def test_nobody_writes_the_engines_rows(visit, content):
    client = visit("acme", "owner")
    for name, row in (
        ("workflows/run", content.run),
        ("workflows/approval", content.approval),
        ("workflows/artifact", content.artifact),
    ):
        assert client.get(f"/admin/{name}/add/").status_code == 403, name
        assert client.post(f"/admin/{name}/{row.pk}/delete/", {"post": "yes"}).status_code == 403, name


def test_somebody_without_a_role_sees_nothing_of_the_work(visit, acme, person, content):
    client = visit("acme", "viewer")
    with enter_tenant(acme):
        person("acme", "viewer").groups.clear()
    assert client.get("/admin/").status_code == 200
    for path in (
        *(f"{name}/" for name in READS),
        f"workflows/run/{content.run.pk}/change/",
        f"workflows/run/{content.run.pk}/live/",
        f"workflows/run/{content.run.pk}/steps/{content.step.pk}/",
        f"workflows/approval/{content.approval.pk}/change/",
        f"workflows/artifact/{content.artifact.pk}/change/",
        f"workflows/artifact/{content.artifact.pk}/download/",
        f"workflows/workflow/{content.workflow.pk}/versions/1/",
        f"agents/knowledgebase/{content.knowledge_base.pk}/documents/",
        "workflows/starters/",
    ):
        assert client.get(f"/admin/{path}").status_code == 403, path


def test_somebody_without_access_is_sent_away(visit, acme, person):
    client = visit("acme", "editor")
    with enter_tenant(acme):
        user = person("acme", "editor")
        user.is_active = False
        user.save()
    assert client.get("/admin/").status_code == 302
