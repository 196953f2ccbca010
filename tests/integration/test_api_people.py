"""People and keys over the API: nobody rises above himself, and an owner always remains."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tenants.accounts.models import ApiKey, User
from tenants.context import enter_tenant
from tests import cast

NEW = {"email": "New@Acme.test", "role": "editor", "full_name": "Nina New", "password": "a long pass phrase"}


@pytest.fixture
def ids(acme):
    """Return the ids of acme's people by role."""
    with enter_tenant(acme):
        return {email.split("@")[0]: str(pk) for email, pk in User.objects.values_list("email", "id")}


def code(response) -> str:
    return response.json()["error"]["code"]


def test_a_new_person_exists_here_and_nowhere_else(program, acme, globex):
    made = program("acme", "admin")("post", "users", NEW)
    assert (made.status_code, made.json()["email"], made.json()["roles"]) == (201, "new@acme.test", ["editor"])
    assert "password" not in made.json()
    with enter_tenant(acme):
        assert User.objects.get(email="new@acme.test").check_password(NEW["password"])
    with enter_tenant(globex):
        assert not User.objects.filter(email="new@acme.test").exists()


def test_a_person_without_a_password_cannot_log_in_with_one(program, acme):
    program("acme", "admin")("post", "users", {"email": "quiet@acme.test", "role": "viewer"})
    with enter_tenant(acme):
        assert not User.objects.get(email="quiet@acme.test").has_usable_password()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"role": "god"}, "role"),
        ({"password": "short"}, "password"),
        ({"password": "a long pass phrase" * 8}, "password"),
        ({"is_superuser": True}, "is_superuser"),
        ({"is_staff": True}, "is_staff"),
        ({"id": "01a20178-8cbb-703c-b7f5-65ab63778298"}, "id"),
    ],
)
def test_what_a_person_is_not_made_of_is_refused(program, acme, change, field):
    refused = program("acme", "owner")("post", "users", {**NEW, **change})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == field
    with enter_tenant(acme):
        assert User.objects.count() == 5


def test_an_address_belongs_to_one_person(program):
    refused = program("acme", "owner")("post", "users", {**NEW, "email": "VIEWER@acme.test"})
    assert (refused.status_code, code(refused)) == (409, "user_exists")


def test_an_admin_neither_makes_nor_changes_owners(program, ids):
    admin = program("acme", "admin")
    assert admin("post", "users", {**NEW, "role": "owner"}).status_code == 403
    assert admin("patch", f"users/{ids['viewer']}", {"role": "owner"}).status_code == 403
    assert admin("patch", f"users/{ids['admin']}", {"role": "owner"}).status_code == 403
    for change in ({"role": "viewer"}, {"is_active": False}, {"full_name": "Nobody"}):
        assert admin("patch", f"users/{ids['owner']}", change).status_code == 403
    assert admin.get(f"users/{ids['owner']}")["roles"] == ["owner"]


def test_an_owner_makes_owners_and_one_always_remains(program, ids):
    owner = program("acme", "owner")
    assert code(owner("patch", f"users/{ids['owner']}", {"role": "viewer"})) == "last_owner"
    assert code(owner("patch", f"users/{ids['owner']}", {"is_active": False})) == "last_owner"
    assert owner.get(f"users/{ids['owner']}")["is_active"] is True
    assert owner("patch", f"users/{ids['admin']}", {"role": "owner"}).json()["roles"] == ["owner"]
    assert owner("patch", f"users/{ids['owner']}", {"role": "viewer"}).status_code == 200


def test_who_is_deactivated_is_out_at_once(program, ids):
    editor = program("acme", "editor")
    assert editor("get", "me").status_code == 200
    changed = program("acme", "admin")("patch", f"users/{ids['editor']}", {"is_active": False})
    assert (changed.status_code, changed.json()["is_active"]) == (200, False)
    assert editor("get", "me").status_code == 401


def test_people_are_found_by_role_and_access(program):
    admin = program("acme", "admin")
    assert [row["email"] for row in admin.get("users?role=viewer")["results"]] == [cast.email("acme", "viewer")]
    assert admin.get("users?is_active=false")["results"] == []
    assert admin("get", "users?role=god").status_code == 400


def test_a_key_that_changes_people_needs_every_scope(program, ids):
    narrow = program("acme", "owner", scopes=["read", "write"])
    refused = narrow("post", "users", NEW)
    assert (refused.status_code, refused.json()["error"]["details"]) == (403, {"scope": "run"})
    assert narrow("get", "users").status_code == 200


def test_a_key_is_shown_once_and_works(program):
    owner = program("acme", "owner")
    made = owner("post", "api-keys", {"name": "ci", "scopes": ["read"]}, idempotency_key="k")
    key = made.json()["key"]
    assert (made.status_code, made.json()["prefix"]) == (201, key[:10])
    assert owner("get", f"api-keys/{made.json()['id']}").content.find(key.encode()) == -1
    assert key not in owner("get", "api-keys").content.decode()
    assert owner("post", "api-keys", {"name": "ci", "scopes": ["read"]}, idempotency_key="k").json()["key"] == key
    assert owner("get", "me", authorization=f"Bearer {key}").json()["scopes"] == ["read"]


def test_a_revoked_key_opens_nothing(program, acme):
    viewer = program("acme", "viewer")
    own = viewer.get("api-keys")["results"]
    assert [row["user"]["email"] for row in own] == [cast.email("acme", "viewer")]
    assert viewer("delete", f"api-keys/{own[0]['id']}").status_code == 204
    assert viewer("get", "me").status_code == 401
    with enter_tenant(acme):
        assert ApiKey.objects.get(pk=own[0]["id"]).revoked_at is not None


def test_a_key_gives_no_more_than_the_key_that_issues_it(program, acme):
    narrow = program("acme", "owner", scopes=["read", "write"])
    refused = narrow("post", "api-keys", {"name": "wider", "scopes": ["read", "approve"]})
    assert (refused.status_code, refused.json()["error"]["details"]) == (403, {"scope": "approve"})
    soon = timezone.now() + timedelta(hours=1)
    with enter_tenant(acme):
        ApiKey.objects.update(expires_at=soon)
    made = narrow("post", "api-keys", {"name": "child", "scopes": ["read"]}).json()
    assert parse_datetime(made["expires_at"]) == soon


@pytest.mark.parametrize(
    "change",
    [{"scopes": []}, {"scopes": ["root"]}, {"scopes": "read"}, {"name": ""}, {"expires_at": "2020-01-01T00:00Z"}],
)
def test_a_key_that_could_not_be_used_is_not_issued(program, change):
    refused = program("acme", "owner")("post", "api-keys", {"name": "x", "scopes": ["read"], **change})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"].startswith(next(iter(change)))


def test_keys_of_others_are_issued_by_who_may_manage_them(program, ids):
    body = {"name": "x", "scopes": ["read"]}
    admin = program("acme", "admin")
    assert admin("post", "api-keys", {**body, "user": ids["viewer"]}).json()["user"]["id"] == ids["viewer"]
    assert admin("post", "api-keys", {**body, "user": ids["owner"]}).status_code == 403
    assert program("acme", "viewer")("post", "api-keys", {**body, "user": ids["editor"]}).status_code == 403


def test_nobody_revokes_a_key_of_somebody_above(program):
    owner = program("acme", "owner")
    key = owner.get("api-keys")["results"][0]["id"]
    assert program("acme", "viewer")("delete", f"api-keys/{key}").status_code == 404
    assert program("acme", "admin")("delete", f"api-keys/{key}").status_code == 403


def test_me_says_who_where_and_what_may_be_done(program, visit):
    me = program("acme", "approver", scopes=["read"]).get("me")
    assert (me["email"], me["roles"], me["scopes"]) == (cast.email("acme", "approver"), ["approver"], ["read"])
    assert me["tenant"] == {"slug": "acme", "name": "Acme"}
    assert "workflows.decide_approval" in me["permissions"]
    assert "workflows.run_workflow" not in me["permissions"]
    assert visit("acme", "approver").get("/api/v1/me").json()["scopes"] is None


def test_a_session_changes_nothing_without_its_csrf_token(visit):
    from django.test import Client

    browser = visit("acme", "owner")
    strict = Client(enforce_csrf_checks=True, headers={"host": "acme.test"})
    strict.cookies = browser.cookies
    assert strict.get("/api/v1/me").status_code == 200
    refused = strict.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"]}, content_type="application/json")
    assert (refused.status_code, code(refused)) == (403, "permission_denied")


@pytest.mark.parametrize("header", ["Bearer", "Bearer  ", "Bearer nxd_wrong", "Bearer a b", "Bearer " + "x" * 5000])
def test_a_key_that_is_none_is_refused(program, header):
    refused = program("acme").client.get("/api/v1/me", headers={"authorization": header})
    assert (refused.status_code, code(refused)) == (401, "not_authenticated")


def test_usage_is_the_tenants_own(program, acme):
    from tenants.actions.usage import record_usage

    with enter_tenant(acme):
        record_usage("runs", 3)
    assert program("acme", "viewer").get("usage")["today"]["runs"] == 3
    other = program("globex", "viewer").get("usage")
    assert (other["today"]["runs"], other["plan"]["name"], other["runs_at_once"]) == (0, "Standard", 0)
