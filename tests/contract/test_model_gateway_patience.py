"""How long the gateway waits where a provider asks it to: what is asked for, never less, and chance decides about nothing."""

from __future__ import annotations

import pytest

from agents.llm import errors, tries
from agents.llm.endpoint import Endpoint
from agents.llm.gateway import Gateway
from tests.model_server import ModelServer, Status

HELLO = [{"role": "user", "content": "Say hello"}]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list of waits, none of which takes its time."""
    found: list[float] = []
    monkeypatch.setattr(tries, "nap", found.append)
    return found


def endpoint(server: ModelServer, timeout_s: float = 600) -> Endpoint:
    return Endpoint(server.base_url, "sk-key", "scripted", timeout_s=timeout_s, label="Test")


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("asked", [12.5, 14, 15])
def test_what_is_asked_for_within_the_limit_is_always_waited_for(
    model_server: ModelServer, waits: list[float], monkeypatch: pytest.MonkeyPatch, asked: float, chance: float
) -> None:
    monkeypatch.setattr(tries.random, "random", lambda: chance)
    model_server.answer(Status(429, retry_after=asked), "Here I am")
    assert Gateway(endpoint(model_server)).chat(HELLO).text == "Here I am"
    [waited] = waits
    assert asked <= waited <= asked * 1.25


@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_what_is_asked_for_beyond_the_limit_never_is(
    model_server: ModelServer, waits: list[float], monkeypatch: pytest.MonkeyPatch, chance: float
) -> None:
    monkeypatch.setattr(tries.random, "random", lambda: chance)
    model_server.always(Status(429, retry_after=15.1))
    with pytest.raises(errors.ModelRateLimited):
        Gateway(endpoint(model_server)).chat(HELLO)
    assert waits == []


def test_nobody_waits_for_what_would_come_after_the_calls_time(model_server: ModelServer, waits: list[float]) -> None:
    model_server.always(Status(429, retry_after=14))
    with pytest.raises(errors.ModelRateLimited):
        Gateway(endpoint(model_server, timeout_s=13)).chat(HELLO)
    assert waits == []
