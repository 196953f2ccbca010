"""The manners of the whole API, on the real stack: envelope, pages, limits, permissions, bodies."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from django.test import Client
from django.test.utils import override_settings

from agents.models import KnowledgeBase
from nexod.http import throttling
from tenants.context import enter_tenant

PATH = "/api/v1/knowledge-bases"
JSON = "application/json"


def code(response) -> str:
    return response.json()["error"]["code"]


@pytest.fixture
def shelf(acme, globex):
    """Five knowledge bases in acme, one in globex."""
    for tenant, count in ((acme, 5), (globex, 1)):
        with enter_tenant(tenant):
            KnowledgeBase.objects.all().delete()
            for number in range(count):
                KnowledgeBase.objects.create(name=f"{tenant.slug} {number}", slug=f"kb-{number}")


def names(page: dict) -> list[str]:
    return [row["name"] for row in page["results"]]


def test_pages_lead_on_and_back(visit, shelf):
    client = visit("acme", "viewer")
    first = client.get(f"{PATH}?limit=2").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert names(first) + names(second) + names(third) == [f"acme {number}" for number in (4, 3, 2, 1, 0)]
    assert (first["previous"], third["next"]) == (None, None)
    assert names(client.get(third["previous"]).json()) == names(second)
    assert names(client.get(second["previous"]).json()) == names(first)
    assert first["next"].startswith("/api/v1/")


def test_rows_that_come_and_go_do_not_shift_a_page(visit, shelf, acme):
    client = visit("acme", "viewer")
    first = client.get(f"{PATH}?limit=2").json()
    with enter_tenant(acme):
        KnowledgeBase.objects.filter(name="acme 4").delete()
        KnowledgeBase.objects.create(name="acme new", slug="new")
    assert names(client.get(first["next"]).json()) == ["acme 2", "acme 1"]


def test_rows_of_the_same_moment_are_each_told_once(visit, shelf, acme):
    with enter_tenant(acme):
        moment = KnowledgeBase.objects.first().created_at
        KnowledgeBase.objects.update(created_at=moment)
    client, told, link = visit("acme", "viewer"), [], f"{PATH}?limit=2"
    while link:
        page = client.get(link).json()
        told += names(page)
        link = page["next"]
    assert sorted(told) == [f"acme {number}" for number in range(5)]


def test_a_cursor_of_the_other_tenant_tells_nothing(visit, shelf):
    link = visit("acme", "viewer").get(f"{PATH}?limit=2").json()["next"]
    refused = visit("globex", "viewer").get(link)
    assert (refused.status_code, code(refused)) == (400, "invalid")
    assert visit("acme", "viewer").get(link).status_code == 200


@pytest.mark.parametrize("query", ["cursor=xx", "limit=0", "limit=x", "name=%00", "cursor=%00"])
def test_odd_queries_are_refused(visit, query):
    response = visit("acme", "viewer").get(f"{PATH}?{query}")
    assert (response.status_code, code(response)) == (400, "invalid")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "expected"),
    [
        ("{", JSON, 400, "malformed"),
        ("[1]", JSON, 400, "invalid"),
        ("{}", JSON, 400, "invalid"),
        ('{"name": "a\\u0000b"}', JSON, 400, "invalid"),
        ('{"name": "\\ud800"}', JSON, 400, "invalid"),
        ('{"name": ' + "[" * 200 + "]" * 200 + "}", JSON, 400, "invalid"),
        ('{"name": "' + "x" * 1_100_000 + '"}', JSON, 413, "too_large"),
        ("name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("<a/>", "text/xml", 415, "unsupported_media_type"),
    ],
)
def test_bad_bodies_are_refused_in_the_envelope(visit, body, media_type, status, expected):
    response = visit("acme", "editor").post(PATH, body, content_type=media_type)
    assert (response.status_code, code(response)) == (status, expected)
    assert response.json()["error"]["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/agents/not-a-uuid", "/api/", "/api/v2/agents"])
def test_unknown_paths_are_404_in_the_envelope_even_while_debugging(visit, path):
    for debugging in (False, True):
        with override_settings(DEBUG=debugging):
            response = visit("acme", "owner").get(path)
        assert (response.status_code, code(response)) == (404, "not_found")


def test_a_wrong_method_says_which(visit):
    response = visit("acme", "owner").put(PATH, {}, content_type=JSON)
    assert (response.status_code, code(response)) == (405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_only_json_is_spoken(visit):
    assert code(visit("acme", "owner").get(PATH, headers={"accept": "text/html"})) == "not_acceptable"


def test_a_viewer_may_look_and_not_touch(visit):
    client = visit("acme", "viewer")
    assert client.get(PATH).status_code == 200
    response = client.post(PATH, {"name": "x"}, content_type=JSON)
    assert (response.status_code, code(response)) == (403, "permission_denied")
    assert response.json()["error"]["details"] == {"permission": "agents.add_knowledgebase"}


def test_a_stranger_is_asked_for_a_key(visit):
    response = visit("acme").get(PATH)
    assert (response.status_code, code(response)) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_session_without_the_csrf_token_changes_nothing(visit):
    browser = visit("acme", "editor")
    strict = Client(enforce_csrf_checks=True, headers={"host": "acme.test"})
    strict.cookies = browser.cookies
    response = strict.post(PATH, {"name": "x"}, content_type=JSON)
    assert (response.status_code, code(response)) == (403, "permission_denied")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Bearer a b", "bearer nxd_" + "x" * 40])
def test_a_bad_key_is_401_whatever_is_wrong_with_it(visit, header):
    response = visit("acme").get(PATH, headers={"authorization": header})
    assert (response.status_code, code(response)) == (401, "not_authenticated")


def test_who_asks_too_often_waits_and_others_do_not(visit, monkeypatch):
    monkeypatch.setattr(throttling, "PER_MINUTE", {"key": 3, "user": 3, "address": 1000})
    monkeypatch.setattr(throttling, "WINDOW_S", 3600)
    client = visit("acme", "approver")
    assert [client.get(PATH).status_code for _ in range(3)] == [200] * 3
    refused = client.get(PATH)
    assert (refused.status_code, code(refused)) == (429, "rate_limited")
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert visit("acme", "editor").get(PATH).status_code == 200
    assert visit("globex", "approver").get(PATH).status_code == 200


def test_without_valkey_nobody_is_kept_out_by_the_limit(visit, monkeypatch):
    def away(*arguments: object, **named: object) -> None:
        raise throttling.RedisError("away")

    monkeypatch.setattr(throttling, "_asked", away)
    assert visit("acme", "viewer").get(PATH).status_code == 200


async def test_a_giant_body_is_stopped_before_it_is_stored(stage):
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 999999999999\r\n\r\nx".encode())
    async with asyncio.timeout(5):
        answer = (await reader.read(4096)).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 413")
    assert '"code": "too_large"' in answer


async def test_many_requests_of_both_tenants_at_once_see_only_their_own(stage):
    async def ask(slug: str, client: httpx.AsyncClient) -> None:
        response = await client.get("/api/v1/me")
        assert response.status_code == 200, response.text
        assert response.json()["email"] == f"viewer@{slug}.test"

    keys = {slug: stage.key(slug, "viewer") for slug in ("acme", "globex")}
    async with stage.program("acme", keys["acme"]) as acme, stage.program("globex", keys["globex"]) as globex:
        await asyncio.gather(*[ask(*pair) for _ in range(40) for pair in (("acme", acme), ("globex", globex))])


def test_the_reference_page_needs_nothing_from_elsewhere(visit):
    response = visit("acme").get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "/api/v1/workflows/{id}/runs" in page
    assert "text/event-stream" in page
    assert "<script" not in page
    assert not set(re.findall(r"(?:src|href)=\"(?:https?:)?//[^\"]*\"", page))


def test_the_schema_is_kept_by_clients_until_it_changes(visit):
    client = visit("acme")
    first = client.get("/api/v1/schema")
    assert first.json()["openapi"].startswith("3.1")
    assert client.get("/api/v1/schema", headers={"if-none-match": first["ETag"]}).status_code == 304
