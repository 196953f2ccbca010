"""Passwords cannot be guessed for ever, at either admin; who knows one is not kept out by somebody else's guesses."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from nexod.admin import login
from tenants.context import enter_platform, enter_tenant
from tests.cast import PASSWORD, email

PAGE = "/admin/login/"


@pytest.fixture(autouse=True)
def _limits(monkeypatch, acme, globex):
    monkeypatch.setattr(login, "FROM_ONE_ADDRESS", 3)
    monkeypatch.setattr(login, "FROM_EVERYWHERE", 6)
    monkeypatch.setattr(login, "OF_ONE_ADDRESS", 9)
    yield
    for tenant in (acme, globex):
        with enter_tenant(tenant):
            cache.delete_pattern("log-in-*")
    with enter_platform():
        cache.delete_pattern("log-in-*")


def tried(slug: str, role: str, password: str = "a wrong guess", *, address: str = "192.0.2.1"):
    client = Client(headers={"host": f"{slug}.test"}, REMOTE_ADDR=address)
    return client.post(PAGE, {"username": email(slug, role), "password": password})


def is_in(answer) -> bool:
    return answer.status_code == 302


def test_after_some_guesses_even_the_right_password_is_not_looked_at():
    for _ in range(3):
        assert b"Too many tries" not in tried("acme", "owner").content
    refused = tried("acme", "owner", PASSWORD)
    assert not is_in(refused)
    assert b"Too many tries" in refused.content


def test_a_hash_is_not_computed_for_a_guess_too_many(monkeypatch):
    for _ in range(3):
        tried("acme", "owner")
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", lambda *args, **kwargs: pytest.fail("hashed"))
    tried("acme", "owner")


def test_others_elsewhere_and_the_other_organisation_are_not_kept_out():
    for _ in range(4):
        tried("acme", "owner")
    assert is_in(tried("acme", "owner", PASSWORD, address="192.0.2.2"))
    assert is_in(tried("acme", "admin", PASSWORD))
    assert is_in(tried("globex", "owner", PASSWORD))


def test_many_addresses_together_are_stopped_too():
    for number in range(6):
        tried("acme", "owner", address=f"198.51.100.{number}")
    assert not is_in(tried("acme", "owner", PASSWORD, address="203.0.113.9"))


def test_one_address_cannot_try_everybody():
    client = Client(headers={"host": "acme.test"}, REMOTE_ADDR="203.0.113.7")
    for _ in range(9):
        client.post(PAGE, {"username": f"{uuid4().hex}@acme.test", "password": "guess"})
    assert not is_in(tried("acme", "editor", PASSWORD, address="203.0.113.7"))


def test_a_log_in_forgets_the_guesses_before_it():
    for _ in range(2):
        tried("acme", "owner")
    assert is_in(tried("acme", "owner", PASSWORD))
    for _ in range(2):
        tried("acme", "owner")
    assert is_in(tried("acme", "owner", PASSWORD))


def test_log_ins_that_succeed_keep_nobody_of_the_same_office_out():
    for _ in range(3):
        for role in ("owner", "admin", "editor", "viewer"):
            assert is_in(tried("acme", role, PASSWORD, address="203.0.113.8"))


def test_a_log_in_takes_back_its_own_try_and_no_guess_of_others():
    client = Client(headers={"host": "acme.test"}, REMOTE_ADDR="203.0.113.9")
    for _ in range(8):
        client.post(PAGE, {"username": f"{uuid4().hex}@acme.test", "password": "guess"})
        assert is_in(tried("acme", "editor", PASSWORD, address="203.0.113.9"))
    client.post(PAGE, {"username": f"{uuid4().hex}@acme.test", "password": "guess"})
    assert not is_in(tried("acme", "editor", PASSWORD, address="203.0.113.9"))


def test_the_staffs_door_counts_as_well(staff):
    staff()
    client = Client(headers={"host": "platform.test"})
    for _ in range(3):
        client.post(PAGE, {"username": "stella@platform.test", "password": "guess"})
    assert not is_in(client.post(PAGE, {"username": "stella@platform.test", "password": PASSWORD}))
