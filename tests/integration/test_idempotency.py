"""A POST that arrives twice acts once; keys of different callers, tenants and requests do not meet."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from agents.models import KnowledgeBase
from nexod.http import idempotency
from tenants.accounts.models import ApiKey, IdempotencyKey
from tenants.context import enter_tenant

PATH = "/api/v1/knowledge-bases"


def create(client: Client, name: str, key: str | None, path: str = PATH, **more: Any):
    headers = {} if key is None else {"idempotency-key": key}
    return client.post(path, {"name": name, **more}, content_type="application/json", headers=headers)


def names() -> list[str]:
    return sorted(KnowledgeBase.objects.values_list("name", flat=True))


def test_the_same_request_is_answered_from_the_record(visit, acme):
    client = visit("acme", "editor")
    first, second = create(client, "Handbook", "k-1"), create(client, "Handbook", "k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    with enter_tenant(acme):
        assert names().count("Handbook") == 1


def test_the_order_of_fields_does_not_matter(visit):
    client, headers = visit("acme", "editor"), {"idempotency-key": "k-1"}
    first = client.post(PATH, '{"name": "A", "description": "B"}', content_type="application/json", headers=headers)
    second = client.post(PATH, '{"description":"B","name":"A"}', content_type="application/json", headers=headers)
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize("change", ["body", "path"])
def test_another_request_with_the_same_key_is_refused(visit, acme, change):
    client = visit("acme", "editor")
    create(client, "Handbook", "k-1")
    path = f"{PATH}?x=1" if change == "path" else PATH
    response = create(client, "Handbook" if change == "path" else "Other", "k-1", path)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "idempotency_mismatch")
    with enter_tenant(acme):
        assert "Other" not in names()


def test_without_a_key_every_request_acts(visit):
    client = visit("acme", "editor")
    assert create(client, "A", None).json()["id"] != create(client, "A 2", None).json()["id"]


def test_what_was_refused_may_be_tried_again(visit):
    client = visit("acme", "editor")
    assert create(client, "", "k-1").status_code == 400
    assert create(client, "Handbook", "k-1").status_code == 201


def test_two_people_may_use_the_same_key(visit, acme):
    create(visit("acme", "editor"), "Mine", "k-1")
    assert create(visit("acme", "admin"), "Theirs", "k-1").status_code == 201
    with enter_tenant(acme):
        assert {"Mine", "Theirs"} <= set(names())


def test_the_other_tenant_has_records_of_its_own(visit, acme, globex):
    first = create(visit("acme", "editor"), "Handbook", "k-1")
    second = create(visit("globex", "editor"), "Handbook", "k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    for tenant in (acme, globex):
        with enter_tenant(tenant):
            assert IdempotencyKey.objects.count() == 1


def test_a_replay_still_needs_the_permission(visit, person, acme):
    client = visit("acme", "editor")
    create(client, "Handbook", "k-1")
    with enter_tenant(acme):
        person("acme", "editor").groups.clear()
    assert create(client, "Handbook", "k-1").status_code == 403


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb"])
def test_an_odd_key_is_refused(visit, key):
    response = create(visit("acme", "editor"), "Handbook", key)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid")


def test_a_record_is_sealed_since_some_answers_hold_a_secret(visit, acme):
    client, headers = visit("acme", "owner"), {"idempotency-key": "k-1"}
    body = {"name": "ci", "scopes": ["read"]}
    first = client.post("/api/v1/api-keys", body, content_type="application/json", headers=headers)
    second = client.post("/api/v1/api-keys", body, content_type="application/json", headers=headers)
    assert first.json()["key"] == second.json()["key"]
    with enter_tenant(acme):
        assert first.json()["key"] not in str(IdempotencyKey.objects.get().body)
        assert ApiKey.objects.filter(name="ci").count() == 1


def test_a_record_is_kept_for_a_day(visit, acme):
    client = visit("acme", "editor")
    first = create(client, "Handbook", "k-1")
    with enter_tenant(acme):
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
        KnowledgeBase.objects.all().delete()
    again = create(client, "Handbook", "k-1")
    assert again.json()["id"] != first.json()["id"]
    with enter_tenant(acme):
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert idempotency.purge_expired() == 1


def test_files_are_part_of_the_request():
    def fingerprint(content: bytes, title: str = "t") -> str:
        upload = SimpleUploadedFile("a.txt", content)
        raw = APIRequestFactory().post("/x", {"file": upload, "title": title}, format="multipart")
        return idempotency.fingerprint_of(Request(raw, parsers=[MultiPartParser()]))

    assert fingerprint(b"one") == fingerprint(b"one")
    assert len({fingerprint(b"one"), fingerprint(b"two"), fingerprint(b"one", "other")}) == 3


async def test_a_twin_in_flight_is_told_so_and_a_crowd_acts_once(stage):
    key = stage.key("acme", "editor", scopes=["read", "write"])
    async with stage.program("acme", key) as client:
        headers = {"idempotency-key": "crowd"}
        asked = [client.post(PATH, json={"name": "Crowd"}, headers=headers) for _ in range(12)]
        answers = await asyncio.gather(*asked)
        last = await client.post(PATH, json={"name": "Crowd"}, headers=headers)
    assert {answer.status_code for answer in answers} <= {201, 409}
    refused = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
    assert refused <= {"idempotency_in_flight"}
    assert len({answer.json()["id"] for answer in [*answers, last] if answer.status_code == 201}) == 1
    assert await stage.within("acme", lambda: names().count("Crowd")) == 1
    await stage.within("acme", lambda: (KnowledgeBase.objects.all().delete(), IdempotencyKey.objects.all().delete()))


async def test_while_the_first_is_at_work_the_second_is_409(stage):
    key = stage.key("acme", "editor", scopes=["read", "write"])
    row = await stage.within("acme", lambda: ApiKey.objects.get(name="stage"))
    busy = stage.holding("acme", lambda: idempotency._lock(f"key:{row.pk}", "busy"))
    async with busy, stage.program("acme", key) as client:
        answer = await client.post(PATH, json={"name": "Busy"}, headers={"idempotency-key": "busy"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_in_flight")


def test_expired_records_go_away_by_themselves_once_a_day(visit, acme):
    client = visit("acme", "editor")
    with enter_tenant(acme):
        cache.delete(idempotency.PURGED)
        old = IdempotencyKey.objects.create(caller="key:gone", key="old", fingerprint="f")
        IdempotencyKey.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    create(client, "Handbook", "k-1")
    with enter_tenant(acme):
        assert not IdempotencyKey.objects.filter(pk=old.pk).exists()
        assert cache.get(idempotency.PURGED)
