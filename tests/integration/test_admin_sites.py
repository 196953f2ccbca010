"""Two sites, one for each plane: neither serves the other's host, every model has a page or a reason why not."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client

from nexod.admin import staff_site, tenant_site
from tenants.accounts.models import User
from tenants.context import enter_platform

PUBLIC_ONLY = {"tenants.Domain", "tenants.Plan", "tenants.RunTicket", "tenants.Tenant", "tenants.UsageRecord"}
WITHOUT_ADMIN = {
    "tenants.DueTime": "times of what has pages of its own, thousands of them",
    "agents.Chunk": "shown by retrieval, thousands a document",
    "agents.CrewTask": "edited in line with its crew",
    "agents.BudgetWindow": "shown on the page of its budget",
    "agents.BudgetHold": "added up on the page of its budget",
    "agents.BudgetRaise": "shown on the page of its budget",
    "agents.AgentVersion": "shown on the page of its agent",
    "workflows.WorkflowVersion": "shown on the page of its workflow",
    "workflows.DraftEdit": "the history of the draft, a page of its workflow",
    "workflows.DraftSnapshot": "kept and restored on the history page of its workflow",
    "collaboration.SharedDocument": "edited on the page of what it is; nothing to read",
    "collaboration.DocumentUpdate": "a change of a shared document in Yjs' own form; the history of the draft tells it",
    "collaboration.SettledDocument": "how far a shared document was read; nothing to read",
    "workflows.RunEvent": "the timeline on the page of its run",
    "workflows.Vote": "shown on the page of its approval",
    "workflows.ApprovalEntry": "the record on the page of its approval, and of its run",
    "workflows.Effect": "shown with its step on the page of its run",
    "workflows.Wait": "shown with its step on the page of its run",
    "workflows.RecordedAnswer": "shown on the page of its case",
    "workflows.Contestant": "a column on the page of its evaluation",
    "workflows.Trial": "shown on the page of its evaluation",
    "workflows.Step": "shown on the page of its run",
    "workflows.SavedView": "kept and forgotten above the list that it is of",
    "workflows.RunVector": "what runs are found by; nothing to read",
    "agents.DocumentText": "shown on the page of its document",
    "agents.Posting": "what passages are found by; nothing to read",
    "agents.WordCount": "what passages are found by; nothing to read",
    "agents.ChunkVector": "what passages are found by; nothing to read",
    "agents.VectorSpace": "shown on the page of its knowledge base",
    "agents.VectorChange": "what a store outside must still be told; counted on the page of its knowledge base",
    "collaboration.NotificationPreference": "one's own, on the page My notifications",
    "collaboration.NotificationHours": "one's own, on the page My notifications",
    "collaboration.CommentThread": "the panel on the page of what it is about",
    "collaboration.Comment": "shown in its thread",
    "collaboration.CommentEdit": "shown with its comment",
    "collaboration.Reaction": "shown with its comment",
    "collaboration.ThreadVisit": "what is new to each; nothing to read",
    "collaboration.Activity": "the page Activity",
    "accounts.IdempotencyKey": "recorded answers, of no use to people",
}
OURS = ("tenants", "accounts", "agents", "workflows", "collaboration")


def labels(site) -> set[str]:
    return {model._meta.label for model in site._registry}


def test_the_planes_share_accounts_and_the_log_only():
    assert labels(tenant_site) & labels(staff_site) == {"accounts.User", "admin.LogEntry"}
    assert not labels(tenant_site) & PUBLIC_ONLY


def test_every_model_has_an_admin_or_a_reason():
    every = {model._meta.label for app in OURS for model in apps.get_app_config(app).get_models()}
    missing = every - labels(tenant_site) - labels(staff_site)
    assert missing == set(WITHOUT_ADMIN)


@pytest.mark.parametrize("path", ["/admin/", "/admin/agents/agent/", "/admin/workflows/run/", "/admin/search/?s=a"])
def test_strangers_are_sent_to_the_login(visit, path):
    answer = visit("acme").get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_a_person_of_globex_cannot_log_in_at_acme(visit):
    from tests import cast

    client = visit("acme")
    data = {"username": cast.email("globex", "owner"), "password": cast.PASSWORD}
    answer = client.post("/admin/login/", data)
    assert answer.status_code == 200
    assert "Please enter the correct" in answer.content.decode()


def test_a_session_of_acme_is_worth_nothing_at_globex(visit):
    client = visit("acme", "owner")
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/", headers={"host": "globex.test"}).status_code == 302


def test_a_tenant_does_not_serve_the_staffs_pages(visit):
    assert visit("acme", "owner").get("/admin/tenants/tenant/").status_code == 404


def test_the_platform_does_not_serve_a_tenants_pages(staff):
    assert staff().get("/admin/agents/agent/").status_code == 404
    assert staff().get("/admin/").status_code == 200


def test_a_login_without_a_destination_leads_to_the_admin(visit):
    from tests import cast

    answer = visit("acme").post("/admin/login/", {"username": cast.email("acme", "viewer"), "password": cast.PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_the_staff_are_users_of_the_public_schema(staff, acme):
    staff()
    with enter_platform():
        assert User.objects.filter(email="stella@platform.test").exists()
    assert Client(headers={"host": "acme.test"}).get("/admin/").status_code == 302
