"""Credentials over the API and in the admin: secrets go in and never come out, hosts cannot be widened without the secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from agents.models import Agent, Credential
from tenants.context import enter_tenant
from tests.admin import filled

SECRET = "s3cret-of-the-crm"
CRM = {"name": "Our CRM", "kind": "bearer", "hosts": ["api.crm.example"], "secret": SECRET}
JSON = {"content_type": "application/json"}
ADMIN = "/admin/agents/credential/"


def fill_form(page, **given):
    return {**filled(page.content.decode(), "credential_form"), **given}


def post(visit, role, path, body, slug="acme"):
    return visit(slug, role).post(f"/api/v1/{path}", body, **JSON)


def patch(visit, role, path, body, slug="acme"):
    return visit(slug, role).patch(f"/api/v1/{path}", body, **JSON)


@pytest.fixture
def crm(visit, in_acme):
    made = post(visit, "admin", "credentials", CRM)
    assert made.status_code == 201, made.content
    return made.json()


def test_a_secret_is_stored_encrypted_and_never_shown(visit, crm):
    path = f"/api/v1/credentials/{crm['id']}"
    answers = [visit("acme", "owner").get(one) for one in (path, "/api/v1/credentials", f"{path}/uses")]
    pages = [
        visit("acme", "owner").get(f"{ADMIN}{place}") for place in ("", f"{crm['id']}/change/", f"{crm['id']}/history/")
    ]
    assert [answer.status_code for answer in (*answers, *pages)] == [200] * 6
    row = Credential.objects.get()
    for answer in (*answers, *pages):
        text = answer.content.decode()
        assert SECRET not in text
        assert row.encrypted_value not in text
    assert (crm["slug"], crm["has_secret"], crm["last_used_at"]) == ("our-crm", True, None)
    assert SECRET not in row.encrypted_value
    assert "encrypted" not in str(answers[0].json())


def test_the_other_organisation_has_nothing_of_it(visit, crm, globex):
    path = f"credentials/{crm['id']}"
    owner = visit("globex", "owner")
    assert owner.get("/api/v1/credentials").json()["results"] == []
    assert owner.get(f"/api/v1/{path}").status_code == 404
    assert patch(visit, "owner", path, {"hosts": ["thief.example"]}, slug="globex").status_code == 404
    assert post(visit, "owner", f"{path}/rotate", {"secret": "another-secret"}, slug="globex").status_code == 404
    assert post(visit, "owner", f"{path}/test", {"url": "https://api.crm.example/"}, slug="globex").status_code == 404
    assert owner.get(f"{ADMIN}{crm['id']}/test/").status_code == 404
    assert owner.get(f"{ADMIN}{crm['id']}/rotate/").status_code == 404


@pytest.mark.parametrize(
    ("role", "may"),
    [("owner", "keep use"), ("admin", "keep use"), ("editor", "use"), ("approver", ""), ("viewer", ""), (None, "")],
)
def test_owners_and_admins_keep_them_and_editors_use_them(visit, crm, role, may):
    refused = 401 if role is None else 403
    path = f"credentials/{crm['id']}"
    keep = 200 if "keep" in may else refused
    assert post(visit, role, "credentials", {**CRM, "name": "Two"}).status_code == (201 if keep == 200 else keep)
    assert patch(visit, role, path, {"description": "d"}).status_code == keep
    assert post(visit, role, f"{path}/rotate", {"secret": "another-secret"}).status_code == keep
    tried = post(visit, role, f"{path}/test", {"url": "https://thief.example/"})
    assert tried.status_code == (400 if "use" in may else refused)
    assert visit("acme", role).delete(f"/api/v1/{path}").status_code == (204 if keep == 200 else keep)


@pytest.mark.parametrize(
    "change",
    [
        {"hosts": ["api.crm.example", "thief.example"]},
        {"hosts": ["*.crm.example"]},
        {"hosts": ["http://api.crm.example"]},
    ],
)
def test_who_has_it_sent_elsewhere_gives_it_again(visit, crm, change):
    path = f"credentials/{crm['id']}"
    refused = patch(visit, "admin", path, change)
    assert (refused.status_code, refused.json()["error"]["details"][0]["field"]) == (400, "secret")
    assert Credential.objects.get().hosts == ["api.crm.example"]
    assert patch(visit, "admin", path, {**change, "secret": "given-once-more"}).status_code == 200
    assert not Credential.objects.get().has_former_secret  # it would go to hosts that it was not given for


def test_the_service_that_gives_tokens_is_a_host_too(visit, in_acme):
    settings = {"token_url": "https://id.crm.example/token", "client_id": "us"}
    made = post(visit, "admin", "credentials", {**CRM, "kind": "oauth2", "settings": settings}).json()
    moved = {"settings": {**settings, "token_url": "https://thief.example/token"}}
    assert patch(visit, "admin", f"credentials/{made['id']}", moved).status_code == 400
    kept = {"settings": {**settings, "scope": "orders"}}
    assert patch(visit, "admin", f"credentials/{made['id']}", kept).status_code == 200


def test_fewer_hosts_need_no_secret(visit, in_acme):
    made = post(visit, "admin", "credentials", {**CRM, "hosts": ["a.example.com", "b.example.com"]}).json()
    changed = patch(visit, "admin", f"credentials/{made['id']}", {"hosts": ["b.example.com"]})
    assert (changed.status_code, changed.json()["hosts"]) == (200, ["b.example.com"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hosts": []}, "hosts"),
        ({"hosts": ["*"]}, "hosts"),
        ({"hosts": ["https://a.example/path"]}, "hosts"),
        ({"secret": "tiny-42"}, "secret"),
        ({"secret": "with\nline-end-in-it"}, "secret"),
        ({"kind": "basic"}, "settings.username"),
        ({"kind": "basic", "settings": {"username": "a:b"}}, "settings.username"),
        ({"kind": "header", "settings": {"header": "X Y"}}, "settings.header"),
        ({"kind": "header", "settings": {"header": "Host"}}, "settings.header"),
        ({"kind": "query", "settings": {}}, "settings.parameter"),
        ({"kind": "bearer", "settings": {"token": "in the open"}}, "settings"),
        ({"kind": "none"}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_without_repeating_the_secret(visit, in_acme, change, field):
    answer = post(visit, "admin", "credentials", {**CRM, **change})
    assert answer.status_code == 400, answer.content
    assert field in [one["field"] for one in answer.json()["error"]["details"]]
    assert str(change.get("secret") or SECRET) not in answer.content.decode()
    assert not Credential.objects.exists()


def test_the_kind_stays(visit, crm):
    assert patch(visit, "admin", f"credentials/{crm['id']}", {"kind": "query"}).status_code == 400


def test_rotated_it_keeps_the_former_for_a_while(visit, crm):
    answer = post(visit, "admin", f"credentials/{crm['id']}/rotate", {"secret": "the-new-one", "keep_former_s": 60})
    assert (answer.status_code, answer.json()["has_former_secret"]) == (200, True)
    until = Credential.objects.get().former_until
    assert timezone.now() < until <= timezone.now() + timedelta(seconds=60)
    forgotten = patch(visit, "admin", f"credentials/{crm['id']}", {"forget_former_secret": True})
    assert forgotten.json()["has_former_secret"] is False
    at_once = post(visit, "admin", f"credentials/{crm['id']}/rotate", {"secret": "one-more-secret", "keep_former_s": 0})
    assert at_once.json()["has_former_secret"] is False


def test_every_act_is_on_record_with_nothing_of_the_secret(visit, crm):
    path = f"credentials/{crm['id']}"
    patch(visit, "admin", path, {"description": "d"})
    post(visit, "admin", f"{path}/rotate", {"secret": "the-new-one"})
    patch(visit, "admin", path, {"secret": "the-newest-one"})
    visit("acme", "admin").delete(f"/api/v1/{path}")
    told = [entry.get_change_message() for entry in LogEntry.objects.filter(object_id=crm["id"]).order_by("pk")]
    assert [text.split()[0] for text in told] == ["Created", "Changed", "Rotated.", "Secret", "Deleted."]
    assert not any(secret in str(told) for secret in (SECRET, "the-new-one", "the-newest-one"))


def test_one_in_use_stays_and_says_where(visit, crm):
    tools = [{"tool": "http_request", "settings": {"hosts": ["api.crm.example"], "credential": "our-crm"}}]
    made = post(visit, "editor", "agents", {"name": "Ann", "role": "r", "goal": "g", "tools": tools})
    assert made.status_code == 201, made.content
    uses = visit("acme", "viewer").get(f"/api/v1/credentials/{crm['id']}/uses").json()["uses"]
    assert [(use["kind"], use["name"], use["place"]) for use in uses] == [("agent", "Ann", "http_request")]
    assert ">Ann</a>" in visit("acme", "admin").get(f"{ADMIN}{crm['id']}/change/").content.decode()
    refused = visit("acme", "admin").delete(f"/api/v1/credentials/{crm['id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")
    Agent.objects.all().delete()
    assert visit("acme", "admin").delete(f"/api/v1/credentials/{crm['id']}").status_code == 204


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"hosts": ["api.crm.example"], "credential": "gone"}, "There is no credential 'gone'"),
        ({"hosts": ["api.crm.example", "thief.example"], "credential": "our-crm"}, "not to thief.example"),
        ({"hosts": ["*.crm.example"], "credential": "our-crm"}, "not to *.crm.example"),
    ],
)
def test_an_agent_is_not_given_one_that_does_not_fit_its_hosts(visit, crm, settings, why):
    tools = [{"tool": "http_request", "settings": settings}]
    answer = post(visit, "editor", "agents", {"name": "Ann", "role": "r", "goal": "g", "tools": tools})
    assert answer.status_code == 400
    assert why in answer.content.decode().replace("\\u0027", "'")


def test_in_the_admin_it_is_added_rotated_and_changed_by_forms(visit, in_acme):
    admin = visit("acme", "admin")
    page = admin.get(f"{ADMIN}add/")
    without = admin.post(f"{ADMIN}add/", fill_form(page, name="Shop", kind="basic", hosts="a.example", secret=SECRET))
    assert (without.status_code, "This kind needs it." in without.content.decode()) == (200, True)
    assert SECRET not in without.content.decode()
    given = fill_form(
        page, name="Shop", kind="basic", username="ann", hosts="api.shop.example\n*.shop.example", secret=SECRET
    )
    assert admin.post(f"{ADMIN}add/", given).status_code == 302
    row = Credential.objects.get()
    assert (row.slug, row.settings, row.hosts) == ("shop", {"username": "ann"}, ["api.shop.example", "*.shop.example"])
    change = f"{ADMIN}{row.pk}/change/"
    page = admin.get(change)
    assert 'value="ann"' in page.content.decode()
    assert SECRET not in page.content.decode()
    wider = admin.post(change, fill_form(page, hosts="thief.example"))
    assert (wider.status_code, "give the secret again" in wider.content.decode()) == (200, True)
    assert admin.post(f"{ADMIN}{row.pk}/rotate/", {"secret": "the-new-one", "keep_former_s": "3600"}).status_code == 302
    row.refresh_from_db()
    assert row.has_former_secret
    short = admin.post(f"{ADMIN}{row.pk}/rotate/", {"secret": "short", "keep_former_s": "3600"})
    assert "at least 8 characters" in short.content.decode()
    refused = admin.post(f"{ADMIN}{row.pk}/test/", {"url": "https://thief.example/"})
    assert "only, not to https://thief.example" in refused.content.decode()
    log = [entry.get_change_message() for entry in LogEntry.objects.filter(object_id=str(row.pk)).order_by("pk")]
    assert [text.split()[0] for text in log] == ["Created", "Rotated."]


def test_in_the_admin_who_may_only_look_is_offered_nothing_to_write(visit, crm):
    viewer = visit("acme", "viewer")
    text = viewer.get(f"{ADMIN}{crm['id']}/change/").content.decode()
    assert "api.crm.example" in text
    assert not any(word in text for word in ('name="secret"', "/rotate/", "/test/"))
    assert viewer.post(f"{ADMIN}{crm['id']}/rotate/", {"secret": "the-new-one"}).status_code == 403
    assert viewer.post(f"{ADMIN}{crm['id']}/test/", {"url": "https://api.crm.example/"}).status_code == 403


def test_a_list_cannot_be_filtered_by_what_is_stored(visit, crm, acme):
    with enter_tenant(acme):
        begin = Credential.objects.get().encrypted_value[:8]
    answer = visit("acme", "viewer").get(ADMIN, {"encrypted_value__startswith": begin})
    assert answer.status_code in (302, 400)
