"""Lists in the admins cannot be asked what a stored secret begins with."""

from __future__ import annotations

import pytest

from tenants.accounts.models import User
from tenants.context import enter_platform, enter_tenant


def is_refused(answer) -> bool:
    """Django sends a lookup that is not allowed away with 400."""
    return answer.status_code == 400


@pytest.mark.parametrize("lookup", ["password", "password__startswith", "password__regex"])
def test_an_admin_cannot_read_the_owners_password_hash_letter_by_letter(visit, person, lookup):
    owner = person("acme", "owner")
    people = visit("acme", "admin")
    for guess in (owner.password[:12], "z"):
        assert is_refused(people.get("/admin/accounts/user/", {lookup: guess}))
    assert people.get("/admin/accounts/user/", {"is_active__exact": "1"}).status_code == 200


def test_an_observer_cannot_read_an_administrators_password_hash(staff):
    staff(administrator=True)
    with enter_platform():
        hashed = User.objects.get(email="stella@platform.test").password
    assert is_refused(staff(administrator=False).get("/admin/accounts/user/", {"password__startswith": hashed[:12]}))


def test_neither_sealed_keys_nor_hashes_of_api_keys_can_be_asked_for(visit, acme, content):
    with enter_tenant(acme):
        hashed = content.api_key.hashed
    viewer, owner = visit("acme", "viewer"), visit("acme", "owner")
    assert is_refused(viewer.get("/admin/agents/modelconnection/", {"encrypted_key__startswith": "g"}))
    assert is_refused(owner.get("/admin/accounts/apikey/", {"hashed__startswith": hashed[:4]}))
    assert is_refused(viewer.get("/admin/workflows/run/", {"started_by__password__startswith": "a"}))
    assert viewer.get("/admin/workflows/run/", {"started_by__id__exact": content.user.pk}).status_code == 200
