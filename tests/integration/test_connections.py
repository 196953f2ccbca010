"""Model connections: options, keys that take over from one another, and what a test of one says, per tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.llm.connections import endpoint_for
from agents.llm.gateway import Gateway
from agents.llm.providers import PROVIDERS
from agents.models import ModelConnection
from nexod.kernel.secrets import SecretUnreadable
from tenants.context import enter_tenant
from tests.model_server import ModelServer, Status
from tests.model_server.fixtures import model_server

__all__ = ["model_server"]
pytestmark = pytest.mark.django_db
PATH = "model-connections"
HELLO = [{"role": "user", "content": "Say hello"}]


def made(client: Any, server: ModelServer, **more: Any) -> Any:
    body = {"name": "Ours", "base_url": server.base_url, "api_key": "first", "model_names": ["scripted"]} | more
    answer = client("post", PATH, body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def changed(client: Any, connection: Any, **more: Any) -> Any:
    answer = client("patch", f"{PATH}/{connection['id']}", more)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_every_provider_can_be_chosen_and_nothing_else() -> None:
    assert set(ModelConnection.Provider.values) == set(PROVIDERS)
    assert {row.value: row.label for row in ModelConnection.Provider} == {p.name: p.title for p in PROVIDERS.values()}


def test_a_new_key_is_used_at_once_and_the_old_one_where_it_is_refused(
    program: Any, acme: Any, model_server: ModelServer
) -> None:
    client = program("acme", "admin")
    connection = made(client, model_server)
    assert not connection["has_former_key"]
    shown = changed(client, connection, api_key="second")
    assert shown["has_former_key"]
    assert "second" not in str(shown)
    with enter_tenant(acme):
        model_server.accept("first")  # The provider does not know the new one yet.
        assert Gateway(endpoint_for("ours")).chat(HELLO).text
        model_server.accept("second")
        assert Gateway(endpoint_for("ours")).chat(HELLO).text
    assert [request.key for request in model_server.requests] == ["first", "second"]


@pytest.mark.parametrize("how", ["forgotten", "run out", "moved", "removed"])
def test_the_former_key_ends(program: Any, acme: Any, model_server: ModelServer, how: str) -> None:
    client = program("acme", "admin")
    connection = made(client, model_server)
    changed(client, connection, api_key="second")
    if how == "forgotten":
        changed(client, connection, forget_former_key=True)
    elif how == "moved":
        changed(client, connection, base_url=model_server.base_url.replace("127.0.0.1", "localhost"), api_key="second")
    elif how == "removed":
        changed(client, connection, api_key="")
    else:
        with enter_tenant(acme):
            ModelConnection.objects.update(former_key_until=timezone.now() - timedelta(seconds=1))
    with enter_tenant(acme):
        assert endpoint_for("ours").former_key == ""
    if how != "run out":
        assert client.get(f"{PATH}/{connection['id']}")["former_key_until"] is None


def test_a_row_copied_to_the_other_tenant_does_not_decrypt(
    program: Any, acme: Any, globex: Any, model_server: ModelServer
) -> None:
    connection = made(program("acme", "admin"), model_server)
    changed(program("acme", "admin"), connection, api_key="second")
    with enter_tenant(acme):
        row = ModelConnection.objects.get()
        assert (endpoint_for().api_key, endpoint_for().former_key) == ("second", "first")
    with enter_tenant(globex):
        row.save(force_insert=True)
        with pytest.raises(SecretUnreadable):
            endpoint_for("ours")
        ModelConnection.objects.update(encrypted_key="")
        with pytest.raises(SecretUnreadable):
            endpoint_for("ours")


@pytest.mark.parametrize(
    ("provider", "options", "field"),
    [
        ("azure", {}, "base_url"),
        ("vllm", {}, "base_url"),
        ("bedrock", {"region": "evil.example/#"}, "options"),
        ("bedrock", {"region": {"a": 1}}, "options"),
        ("openai", {"region": "us-east-1"}, "options"),
        ("openai", [], "options"),
    ],
)
def test_what_the_provider_does_not_take_is_refused(program: Any, provider: str, options: Any, field: str) -> None:
    body = {"name": "P", "provider": provider, "options": options, "model_names": ["m"]}
    answer = program("acme", "admin")("post", PATH, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_a_stored_key_does_not_follow_to_another_region_or_provider(program: Any, acme: Any) -> None:
    client = program("acme", "admin")
    body = {
        "name": "B",
        "provider": "bedrock",
        "options": {"region": "us-east-1"},
        "api_key": "k",
        "model_names": ["m"],
    }
    connection = client("post", PATH, body).json()
    for change in ({"options": {"region": "eu-west-1"}}, {"provider": "anthropic", "options": {}}):
        answer = client("patch", f"{PATH}/{connection['id']}", change)
        assert answer.status_code == 400
        assert answer.json()["error"]["details"][0]["field"] == "api_key"


def test_addresses_are_the_providers_own_unless_given(program: Any, acme: Any, settings: Any) -> None:
    settings.NEXOD_LLM = {"base_url": "http://own/v1", "api_key": "own", "model": "tiny"}
    client = program("acme", "admin")
    expected = {
        "openai": "https://api.openai.com/v1",
        "anthropic": "https://api.anthropic.com",
        "bedrock": "https://bedrock-runtime.eu-west-1.amazonaws.com",
        "embedded": "http://own/v1",
    }
    for provider in expected:
        options = {"region": "eu-west-1"} if provider == "bedrock" else {}
        body = {"name": provider, "provider": provider, "options": options, "api_key": "mine", "model_names": ["m"]}
        assert client("post", PATH, body).status_code == 201
    with enter_tenant(acme):
        found = {provider: endpoint_for(provider) for provider in expected}
    assert {provider: endpoint.base_url for provider, endpoint in found.items()} == expected
    assert (found["openai"].api_key, found["embedded"].api_key) == ("mine", "own")


def trial_of(client: Any, connection: Any) -> Any:
    answer = client("post", f"{PATH}/{connection['id']}/test")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("provider", ["openai_compatible", "anthropic", "google", "ollama", "azure", "mistral"])
def test_a_test_tells_latency_and_models(program: Any, model_server: ModelServer, provider: str) -> None:
    base = model_server.base_url if provider in ("openai_compatible", "mistral") else model_server.origin
    connection = made(program("acme", "admin"), model_server, provider=provider, base_url=base)
    model_server.accept("first")
    found = trial_of(program("acme", "admin"), connection)
    assert found == found | {"ok": True, "models": ["scripted"], "code": "", "problem": ""}
    assert 0 < found["latency_ms"] < 5000
    assert model_server.requests == []


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        (Status(401, "bad key sk-12345"), "model_refused", "Check the key"),
        (Status(500), "model_unavailable", "Check that it is running"),
        (Status(404), "no_list", "lists no models"),
    ],
)
def test_a_test_tells_what_is_wrong_and_what_to_do(
    program: Any, model_server: ModelServer, wrong: Status, code: str, words: str
) -> None:
    connection = made(program("acme", "admin"), model_server)
    model_server.list_with(wrong)
    found = trial_of(program("acme", "admin"), connection)
    assert (found["ok"], found["code"]) == (False, code)
    assert words in found["problem"]
    assert not any(secret in str(found) for secret in ("sk-12345", "first"))


def test_a_test_names_models_that_are_not_there(program: Any, model_server: ModelServer) -> None:
    connection = made(program("acme", "admin"), model_server, model_names=["scripted", "gone"])
    found = trial_of(program("acme", "admin"), connection)
    assert (found["ok"], found["missing"], found["models"]) == (False, ["gone"], ["scripted"])


def test_a_test_tells_that_only_the_former_key_is_taken(program: Any, model_server: ModelServer) -> None:
    connection = made(program("acme", "admin"), model_server)
    changed(program("acme", "admin"), connection, api_key="second")
    model_server.accept("first")
    found = trial_of(program("acme", "admin"), connection)
    assert (found["ok"], found["former_key_used"], found["code"]) == (False, True, "model_refused")


def test_a_test_of_an_address_inside_is_refused_by_name(program: Any, model_server: ModelServer, settings: Any) -> None:
    connection = made(program("acme", "admin"), model_server)
    settings.NEXOD_EGRESS_ALLOW = []
    found = trial_of(program("acme", "admin"), connection)
    assert (found["ok"], found["code"]) == (False, "address_refused")


def test_a_key_is_missed_before_anybody_is_asked(program: Any, model_server: ModelServer) -> None:
    connection = made(program("acme", "admin"), model_server, provider="openai", api_key="")
    assert trial_of(program("acme", "admin"), connection)["code"] == "key_missing"
    assert model_server.paths == []


def test_who_may_only_look_may_not_test(program: Any, model_server: ModelServer) -> None:
    connection = made(program("acme", "admin"), model_server)
    assert program("acme", "viewer")("post", f"{PATH}/{connection['id']}/test").status_code == 403
    assert program("globex", "admin")("post", f"{PATH}/{connection['id']}/test").status_code == 404
    assert model_server.paths == []
