"""Both admins, every page: an id of another tenant is 404, in an address, in a form and in a list's action."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from agents.models import Agent, KnowledgeBase
from tenants.accounts.models import ApiKey, User
from tenants.context import enter_platform, enter_tenant
from tests.content import Content, fill
from tests.isolation import ADMIN, admin_routes, uncovered
from workflows.models import Approval, Run, Workflow

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
PLANES = ("nexod.urls", "nexod.urls_public")
ROWS = {
    "sitemap_id": "sitemap", "key_id": "api_key", "base_id": "knowledge_base", "document_id": "document",
    "approval_id": "approval", "artifact_id": "artifact", "run_id": "run", "step_id": "step", "workflow_id": "workflow",
    "state_id": "state", "notification_id": "notification", "data_set_id": "data_set", "case_id": "case",
    "evaluation_id": "evaluation", "trial_id": "trial", "agent_id": "agent", "connection_id": "connection",
    "credential_id": "credential", "view_id": "saved_view",
    "user_id": "user", "trigger_id": "trigger", "endpoint_id": "endpoint",
    "delivery_id": "delivery", "permission_id": "tool_permission",
}  # fmt: skip
OF_MODELS = {
    "accounts.apikey": "api_key", "accounts.user": "user", "agents.modelconnection": "connection",
    "agents.knowledgebase": "knowledge_base", "agents.modelcall": "model_call", "agents.memory": "memory",
    "agents.credential": "credential",
    "agents.storeconnection": "store",
    "agents.usageday": "usage_day", "workflows.dataset": "data_set", "auth.group": "group",
    "workflows.trigger": "trigger", "agents.toolpermission": "tool_permission",
    "workflows.businesshours": "business_hours", "collaboration.webhookendpoint": "endpoint",
}  # fmt: skip
KIND_AND_SLUG = "admin/start/<str:kind>/<slug:slug>/"
SETTINGS = "admin/settings/<str:kind>/<uuid:row_id>/"


def with_rows(urlconf: str) -> list[str]:
    """Return the pages that name a row and have no reason to be left out."""
    found = [pattern for pattern in admin_routes(urlconf) if PARAMETER.search(pattern) and "(?P<" not in pattern]
    return [pattern for pattern in found if f"{urlconf} {pattern}" not in ADMIN]


TENANT_PAGES, STAFF_PAGES = (with_rows(plane) for plane in PLANES)


@pytest.fixture
def theirs(globex, person) -> Content:
    """One of everything in globex, and a line of its admin's log."""
    owner = person("globex", "owner")
    with enter_tenant(globex):
        content = fill(owner, mark="theirs")
        type_ = ContentType.objects.get_for_model(User)
        LogEntry.objects.create(user=owner, content_type=type_, object_repr="x", action_flag=ADDITION)
        return content


def addresses(pattern: str, content: Content, log_entry: Any) -> list[str]:
    """Return the page's address with the ids of ``content``; a page for several kinds has one for each."""
    if pattern == KIND_AND_SLUG:
        kinds = ("agent", "crew", "workflow")
        return [f"/admin/start/{kind}/{getattr(content, kind).slug}/" for kind in kinds]
    if pattern.startswith(SETTINGS):
        rows = {"agent": content.agent, "crew": content.crew, "knowledge": content.knowledge_base}
        return [f"/admin/settings/{kind}/{row.pk}/{pattern[len(SETTINGS) :]}" for kind, row in rows.items()]
    return [PARAMETER.sub(lambda found: str(_id(pattern, found[1], content, log_entry)), f"/{pattern}")]


def _id(pattern: str, name: str, content: Content, log_entry: Any) -> Any:
    if name == "number":
        return 1
    if name == "form":
        return "csv"
    if name != "object_id":
        return getattr(content, ROWS[name]).pk
    _, app, model, *_ = pattern.split("/")
    if model == "logentry":
        return log_entry
    return getattr(content, OF_MODELS.get(f"{app}.{model}", model)).pk


def last_log_entry(tenant: Any) -> Any:
    with enter_tenant(tenant):
        return LogEntry.objects.latest("pk").pk


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("pattern", TENANT_PAGES)
def test_an_id_of_another_tenant_is_not_there(visit, theirs, acme, globex, pattern, method):
    entry = last_log_entry(globex)
    ours = visit("acme", "owner")
    for address in addresses(pattern, theirs, entry):
        answer = getattr(ours, method)(address)
        if answer.status_code == 302:  # Django's short address leads to the long one, whatever the id
            answer = ours.get(answer["Location"])
        others = visit("globex", "owner")
        if answer.status_code in (403, 405):  # refused to everybody, whatever the id, or not asked this way
            assert getattr(others, method)(address).status_code == answer.status_code
        else:
            assert answer.status_code == 404, (address, answer.status_code)
            assert others.get(address).status_code != 404, address


@pytest.mark.parametrize("pattern", STAFF_PAGES)
def test_the_platform_has_no_row_of_a_tenant(staff, theirs, globex, pattern):
    client = staff()
    with enter_platform():
        entry = 1 + (LogEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0)
    for address in addresses(pattern, theirs, entry):
        answer = client.get(address)
        if answer.status_code == 302:
            answer = client.get(answer["Location"])
        refused_to_all = pattern.endswith("/delete/") and answer.status_code == 403
        assert answer.status_code == 404 or refused_to_all, address


def test_nothing_of_it_was_changed(visit, theirs, globex):
    ours = visit("acme", "owner")
    for pattern in TENANT_PAGES:
        for address in addresses(pattern, theirs, last_log_entry(globex)):
            ours.post(address, {"post": "yes", "decision": "approve"})
    with enter_tenant(globex):
        assert Run.objects.get().status == "waiting"
        assert Approval.objects.get().status == "pending"
        assert ApiKey.objects.filter(revoked_at__isnull=True).count() == 1
        assert {Agent.objects.count(), Workflow.objects.count(), KnowledgeBase.objects.count()} == {1}
        assert User.objects.filter(is_active=True).count() == 5


def test_every_page_is_walked_or_excused():
    found = {
        f"{plane} {pattern}"
        for plane in PLANES
        for pattern in admin_routes(plane)
        if "<" in pattern and "(?P<" not in pattern
    }
    walked = {f"{PLANES[0]} {page}" for page in TENANT_PAGES} | {f"{PLANES[1]} {page}" for page in STAFF_PAGES}
    assert uncovered(found, walked, ADMIN) == (set(), set())


def test_a_new_page_with_an_unknown_id_is_noticed(theirs):
    with pytest.raises(KeyError):
        addresses("admin/workflows/planted/<uuid:planted_id>/", theirs, 1)
    with pytest.raises(AttributeError):
        addresses("admin/workflows/planted/<path:object_id>/change/", theirs, 1)


LISTS = [
    f"admin/{app}/{model}/"
    for app, models in apps.all_models.items()
    for model in models
    if f"admin/{app}/{model}/" in admin_routes("nexod.urls")
]


@pytest.mark.parametrize("pattern", LISTS)
def test_lists_show_nothing_of_another_tenant(visit, theirs, pattern):
    answer = visit("acme", "owner").get(f"/{pattern}")
    assert answer.status_code == 200
    told = answer.content.decode()
    for text in ("theirs", "globex", str(theirs.run.pk), str(theirs.agent.pk)):
        assert text not in told.lower()


@pytest.mark.parametrize("query", ["?s=theirs", "?s=theirs&extended=1", "?s=globex", "?s=Globex"])
def test_the_search_finds_nothing_of_another_tenant(visit, theirs, query):
    told = visit("acme", "owner").get(f"/admin/search/{query}").content.decode().lower()
    assert str(theirs.agent.pk) not in told
    assert "agent theirs" not in told
    assert "agent theirs" in visit("globex", "owner").get("/admin/search/?s=theirs").content.decode().lower()


def form_of(client: Client, path: str) -> dict[str, Any]:
    from tests.admin import filled

    page = client.get(path).content.decode()
    (name,) = set(re.findall(r'<form[^>]* id="(\w+_form)"', page))
    return filled(page, name)


@pytest.mark.parametrize(
    ("path", "field", "row", "known"),
    [
        ("accounts/apikey/add/", "user", "user", {"name": "ci", "scopes": ["read"], "days": "30"}),
        ("agents/agent/add/", "connection", "connection", {"name": "A", "slug": "a", "role": "r", "goal": "g"}),
        (
            "agents/agent/add/",
            "knowledge_bases",
            "knowledge_base",
            {"name": "A", "slug": "a", "role": "r", "goal": "g"},
        ),
        ("agents/crew/add/", "manager", "agent", {"name": "C", "slug": "c"}),
    ],
)
def test_a_form_takes_no_id_of_another_tenant(visit, theirs, acme, path, field, row, known):
    client = visit("acme", "owner")
    page = f"/admin/{path}"
    given = {**form_of(client, page), **known}
    told = []
    for value in (str(getattr(theirs, row).pk), "0190a0a0-0000-7000-8000-00000000feed"):
        answer = client.post(page, {**given, field: value})
        assert answer.status_code == 200
        errors = answer.context["adminform"].form.errors[field]
        told.append(str(errors).replace(value, "X"))
    assert told[0] == told[1]
    with enter_tenant(acme):
        assert not Agent.objects.exists()
        assert not ApiKey.objects.exists()


@pytest.mark.parametrize("model", ["agents/agent", "agents/crew", "workflows/workflow", "agents/knowledgebase"])
def test_an_action_on_a_list_touches_no_id_of_another_tenant(visit, theirs, globex, model):
    name = model.split("/")[1]
    pk = str(getattr(theirs, OF_MODELS.get(model.replace("/", "."), name)).pk)
    data = {"action": "delete_selected", "_selected_action": pk, "post": "yes"}
    assert visit("acme", "owner").post(f"/admin/{model}/", data).status_code in (200, 302)
    with enter_tenant(globex):
        assert apps.get_model(*model.split("/")).objects.filter(pk=pk).exists()


def test_a_starter_takes_no_knowledge_base_of_another_tenant(visit, theirs, acme):
    client = visit("acme", "owner")
    client.post("/admin/workflows/starters/briefing/install/", {"knowledge_base": str(theirs.knowledge_base.pk)})
    with enter_tenant(acme):
        assert not Workflow.objects.exists()


def test_the_shortcut_to_an_objects_own_page_is_gone(visit, staff, acme):
    """Django's answered 500 to an id that is none."""
    with enter_tenant(acme):
        people = ContentType.objects.get(app_label="accounts", model="user").pk
    for client in (visit("acme", "owner"), staff()):
        for path in (f"{people}/not-a-uuid", "x/y", "999999/1", f"{people}/0190a0a0-0000-7000-8000-00000000feed"):
            assert client.get(f"/admin/r/{path}/").status_code == 404
