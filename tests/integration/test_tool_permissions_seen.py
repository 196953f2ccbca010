"""Remembered decisions about tools in the API and in the admin: seen by everybody of the tenant, taken back by who may."""

from __future__ import annotations

import pytest

from agents.models import Agent, ToolPermission
from tenants.context import enter_tenant
from tests.content import fill

PATH, PAGE = "/api/v1/tool-permissions", "/admin/agents/toolpermission/"


@pytest.fixture
def content(acme, person):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


def revoked(acme) -> bool:
    with enter_tenant(acme):
        return ToolPermission.objects.get().revoked_at is not None


def test_they_are_listed_with_who_allowed_what(visit, content):
    [row] = visit("acme", "viewer").get(f"{PATH}?agent=agent-one&revoked=false").json()["results"]
    assert (row["agent"], row["tool"], row["arguments"]) == ("agent-one", "http_request", {"url": "https://x.test"})
    assert (row["allowed_by"]["email"], row["revoked_at"]) == (content.user.email, None)
    assert visit("acme", "viewer").get(f"{PATH}?revoked=true").json()["results"] == []
    assert visit("globex", "owner").get(PATH).json()["results"] == []


@pytest.mark.parametrize(("role", "status"), [("owner", 204), ("editor", 204), ("approver", 204), ("viewer", 403)])
def test_they_are_revoked_over_the_api(visit, content, acme, role, status):
    assert visit("acme", role).delete(f"{PATH}/{content.tool_permission.pk}").status_code == status
    assert revoked(acme) == (status == 204)
    [row] = visit("acme", "viewer").get(PATH).json()["results"]
    assert (row["revoked_by"] is not None) == (status == 204)


def test_nobody_makes_or_changes_one_by_hand(visit, content):
    client = visit("acme", "owner")
    assert client.post(PATH, {}, content_type="application/json").status_code == 405
    assert client.patch(f"{PATH}/{content.tool_permission.pk}", {}, content_type="application/json").status_code == 405
    assert client.get(f"{PAGE}add/").status_code == 403


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("approver", True), ("viewer", False)])
def test_the_admin_shows_them_and_revokes(visit, content, acme, role, may):
    client = visit("acme", role)
    address = f"{PAGE}{content.tool_permission.pk}/"
    assert "https://x.test" in client.get(PAGE).content.decode()
    html = client.get(f"{address}change/").content.decode()
    assert (f"{address}revoke/" in html) == may
    assert client.post(f"{address}revoke/").status_code == 302
    assert revoked(acme) == may
    assert f"{address}revoke/" not in client.get(f"{address}change/").content.decode()


def test_the_list_is_narrowed_by_state_and_searched(visit, content):
    client = visit("acme", "viewer")
    for query, count in (("state=valid", 1), ("state=revoked", 0), ("q=agent-one", 1), ("q=nobody", 0)):
        assert client.get(f"{PAGE}?{query}").context["cl"].result_count == count, query


def test_an_agent_is_deleted_with_what_it_was_allowed(visit, content, acme):
    with enter_tenant(acme):
        alone = Agent.objects.create(slug="alone", name="Alone", role="r", goal="g")
        ToolPermission.objects.update(agent=alone)
    assert visit("acme", "editor").post(f"/admin/agents/agent/{alone.pk}/delete/", {"post": "yes"}).status_code == 302
    with enter_tenant(acme):
        assert not ToolPermission.objects.exists()
