"""People and keys: nobody makes himself more than he is, a key is shown once."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from tenants.accounts.actions.api_keys import recognise
from tenants.accounts.models import ApiKey, User
from tenants.context import enter_tenant
from tests.admin import filled, told
from tests.cast import email

NEW = {"email": "New@Acme.test", "full_name": "Nina New", "password": "a fairly long password", "role": "editor"}


def of(acme, role: str) -> User:
    with enter_tenant(acme):
        return User.objects.get(email=email("acme", role))


def change(client, user: User, **changes: str):
    path = f"/admin/accounts/user/{user.pk}/change/"
    return client.post(path, {**filled(client.get(path).content.decode(), "user_form"), **changes})


def test_a_person_is_made_with_one_role(visit, acme, globex):
    visit("acme", "admin").post("/admin/accounts/user/add/", NEW)
    with enter_tenant(acme):
        user = User.objects.get(email="new@acme.test")
        assert user.role_names() == {"editor"}
        assert user.check_password(NEW["password"])
        assert not user.is_superuser
    with enter_tenant(globex):
        assert not User.objects.filter(email="new@acme.test").exists()


def test_a_weak_password_is_said_at_its_field(visit, acme):
    answer = visit("acme", "admin").post("/admin/accounts/user/add/", {**NEW, "password": "12345"})
    assert "password" in answer.context["adminform"].form.errors


def test_an_admin_makes_no_owner(visit, acme):
    client = visit("acme", "admin")
    assert "Owner:" not in client.get("/admin/accounts/user/add/").content.decode()
    answer = client.post("/admin/accounts/user/add/", {**NEW, "role": "owner"})
    assert "role" in answer.context["adminform"].form.errors
    with enter_tenant(acme):
        assert not User.objects.filter(email="new@acme.test").exists()


@pytest.mark.parametrize("changes", [{"role": "viewer"}, {"password": "another long password"}, {"full_name": "Mine"}])
def test_an_admin_does_not_touch_an_owner(visit, acme, changes):
    owner = of(acme, "owner")
    change(visit("acme", "admin"), owner, **changes)
    with enter_tenant(acme):
        after = User.objects.get(pk=owner.pk)
        assert (after.password, after.full_name, after.role_names()) == (owner.password, owner.full_name, {"owner"})


def test_an_admin_does_not_make_himself_owner(visit, acme):
    admin = of(acme, "admin")
    change(visit("acme", "admin"), admin, role="owner")
    with enter_tenant(acme):
        assert User.objects.get(pk=admin.pk).role_names() == {"admin"}


def test_fields_that_the_form_does_not_offer_are_not_taken(visit, acme):
    editor = of(acme, "editor")
    change(visit("acme", "admin"), editor, is_superuser="on", is_staff="on", user_permissions="1", email="x@y.test")
    with enter_tenant(acme):
        after = User.objects.get(pk=editor.pk)
        assert (after.is_superuser, after.email, after.user_permissions.count()) == (False, editor.email, 0)


def test_the_last_owner_stays(visit, acme):
    owner = of(acme, "owner")
    answer = change(visit("acme", "owner"), owner, role="viewer")
    assert "keeps at least one active owner" in answer.content.decode()
    with enter_tenant(acme):
        assert User.objects.get(pk=owner.pk).role_names() == {"owner"}


def test_access_is_taken_and_given(visit, acme):
    client, editor = visit("acme", "admin"), of(acme, "editor")
    path = f"/admin/accounts/user/{editor.pk}/change/"
    data = filled(client.get(path).content.decode(), "user_form")
    data.pop("is_active")
    assert client.post(path, data).status_code == 302
    with enter_tenant(acme):
        assert not User.objects.get(pk=editor.pk).is_active


def test_a_new_password_ends_the_persons_sessions(visit, acme):
    theirs, editor = visit("acme", "editor"), of(acme, "editor")
    change(visit("acme", "admin"), editor, password="another long password")
    assert theirs.get("/admin/").status_code == 302


def issue(client, **more: object):
    data = {"name": "CI", "scopes": ["read", "run"], "days": "90", **more}
    return client.post("/admin/accounts/apikey/add/", data)


def test_a_key_is_shown_once_and_works(visit, acme):
    client = visit("acme", "editor")
    answer = issue(client, user=str(of(acme, "editor").pk))
    page = answer.content.decode()
    key = re.search(r'id="nx-key">(nxd_[\w-]+)<', page).group(1)
    assert "no-store" in answer["Cache-Control"]
    with enter_tenant(acme):
        row = recognise(key)
        assert (row.user.email, row.scopes) == ("editor@acme.test", ["read", "run"])
    for path in ("/admin/accounts/apikey/", f"/admin/accounts/apikey/{row.pk}/change/"):
        assert key not in client.get(path).content.decode()


@pytest.mark.parametrize(("days", "left"), [("30", 29), ("365", 364), ("0", None)])
def test_a_key_ends_when_that_was_chosen(visit, acme, days, left):
    issue(visit("acme", "editor"), user=str(of(acme, "editor").pk), days=days)
    with enter_tenant(acme):
        ends = ApiKey.objects.get().expires_at
    assert (ends and (ends - timezone.now()).days) == left


def test_a_person_makes_keys_of_his_own_only(visit, acme):
    answer = issue(visit("acme", "editor"), user=str(of(acme, "owner").pk))
    assert "user" in answer.context["adminform"].form.errors
    with enter_tenant(acme):
        assert not ApiKey.objects.exists()


def test_an_admin_makes_no_key_of_an_owner(visit, acme):
    answer = issue(visit("acme", "admin"), user=str(of(acme, "owner").pk))
    assert answer.context["errors"]
    with enter_tenant(acme):
        assert not ApiKey.objects.exists()


def test_people_see_their_own_keys_and_admins_all(visit, acme, content):
    assert "key one" in visit("acme", "admin").get("/admin/accounts/apikey/").content.decode()
    editor = visit("acme", "editor")
    assert "key one" not in editor.get("/admin/accounts/apikey/").content.decode()
    assert editor.get(f"/admin/accounts/apikey/{content.api_key.pk}/change/").status_code == 404


def test_a_revoked_key_is_worthless(visit, acme, content):
    client = visit("acme", "owner")
    answer = client.post(f"/admin/accounts/apikey/{content.api_key.pk}/revoke/", follow=True)
    assert "does not work any more" in told(answer)
    with enter_tenant(acme):
        assert ApiKey.objects.get().revoked_at is not None


def test_nobody_revokes_an_owners_key_but_an_owner(visit, acme, content):
    visit("acme", "admin").post(f"/admin/accounts/apikey/{content.api_key.pk}/revoke/")
    visit("acme", "viewer").post(f"/admin/accounts/apikey/{content.api_key.pk}/revoke/")
    with enter_tenant(acme):
        assert ApiKey.objects.get().revoked_at is None


def test_a_key_is_shown_by_its_name_and_its_beginning(visit, content):
    page = visit("acme", "admin").get(f"/admin/accounts/apikey/{content.api_key.pk}/change/").content.decode()
    assert "[&#x27;" not in page
    assert f"{content.api_key.prefix}…" in page
