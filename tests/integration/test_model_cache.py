"""Answers to identical calls, where a connection wants them kept: per tenant, connection, model and question, and free."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.llm.endpoint import Endpoint
from agents.llm.errors import OutputInvalid
from agents.llm.gateway import Gateway
from tenants.context import enter_tenant
from tests.model_server import ModelServer, Text
from tests.model_server.fixtures import model_server, run
from tests.model_server.port import Run

__all__ = ["model_server", "run"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    # The server's port makes the questions of each test its own.
    prices = {"price_in": 5.0, "price_out": 5.0}
    return Endpoint(model_server.base_url, "k", "scripted", label="Test", connection="test", cache_s=60, **prices)


def hello(word: str = "hello") -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Say {word}"}]


def test_the_same_again_is_answered_without_a_call(
    acme: Any, model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    with enter_tenant(acme):
        first = Gateway(endpoint).chat(hello(), temperature=0.5)
        run.again()
        run.recorded.clear()
        pieces: list[str] = []
        second = Gateway(endpoint).chat(hello(), temperature=0.5, on_text=pieces.append)
    assert len(model_server.requests) == 1
    assert (second.text, second.cached, second.cost_usd) == (first.text, True, 0.0)
    assert first.cost_usd > 0
    assert pieces == [first.text]
    assert [(usage.cached, usage.cost_usd > 0) for usage in run.calls] == [(False, True), (True, False)]
    assert len(run.spent) == len(run.reserved) == 1
    assert run.types() == ["model.called", "model.called"]


@pytest.mark.parametrize(
    "other",
    [{"model": "other"}, {"connection": "other"}, {"options": {"top_p": 0.1}}, {"cache_s": 0}],
    ids=str,
)
def test_another_endpoint_is_asked(
    acme: Any, model_server: ModelServer, endpoint: Endpoint, other: dict[str, Any]
) -> None:
    with enter_tenant(acme):
        Gateway(endpoint).chat(hello())
        assert not Gateway(replace(endpoint, **other)).chat(hello()).cached


def test_another_question_is_asked(acme: Any, model_server: ModelServer, endpoint: Endpoint) -> None:
    with enter_tenant(acme):
        Gateway(endpoint).chat(hello(), temperature=0.1)
        assert not Gateway(endpoint).chat(hello(), temperature=0.2).cached
        assert not Gateway(endpoint).chat(hello("goodbye"), temperature=0.1).cached


def test_the_other_tenant_is_not_answered_from_it(
    acme: Any, globex: Any, model_server: ModelServer, endpoint: Endpoint
) -> None:
    with enter_tenant(acme):
        Gateway(endpoint).chat(hello())
    with enter_tenant(globex):
        assert not Gateway(endpoint).chat(hello()).cached
    assert len(model_server.requests) == 2


def test_half_an_answer_is_not_kept(acme: Any, model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Text("Half", finish="length"))
    with enter_tenant(acme):
        Gateway(endpoint).chat(hello())
        assert not Gateway(endpoint).chat(hello()).cached


def test_an_answer_that_does_not_fit_its_schema_is_not_kept(
    acme: Any, model_server: ModelServer, endpoint: Endpoint
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    model_server.answer("no", "never", '{"a": 1}')
    with enter_tenant(acme):
        with pytest.raises(OutputInvalid):
            Gateway(endpoint).chat(hello(), schema=schema)
        for cached in (False, True):
            found = Gateway(endpoint).chat(hello(), schema=schema)
            assert (found.data, found.cached) == ({"a": 1}, cached)
    assert len(model_server.requests) == 3
