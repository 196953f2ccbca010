"""What a call costs: the connection's own price first, then the list's; what nobody knows is not guessed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agents.llm.endpoint import Endpoint
from agents.llm.prices import cost_of


def endpoint(provider: str = "openai", model: str = "gpt-4o", **more: Any) -> Endpoint:
    return Endpoint("", "", model, provider=provider, **more)


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("openai", "gpt-4o", 2.5 + 10),
        ("azure", "gpt-4o", 2.5 + 10),
        ("anthropic", "claude-sonnet-4-5", 3 + 15),
        ("google", "gemini-2.5-flash", 0.3 + 2.5),
        ("mistral", "mistral-large-latest", 2 + 6),
    ],
)
def test_list_prices_are_known(provider: str, model: str, usd: float) -> None:
    # A hundred thousand of each: some models have another price from two hundred thousand on.
    cost = cost_of(endpoint(provider, model), 100_000, 100_000)
    assert cost.known
    assert cost.usd == pytest.approx(usd / 10, rel=0.75), "prices change; their order of size does not"


def test_what_the_provider_had_ready_is_cheaper() -> None:
    fresh, ready = (cost_of(endpoint(), 100_000, 0, tokens_cached=cached) for cached in (0, 100_000))
    assert ready.usd == pytest.approx(fresh.usd / 2)


def test_reasoning_is_paid_as_what_is_written() -> None:
    among, apart = cost_of(endpoint(), 0, 900, tokens_reasoning=500), cost_of(endpoint(), 0, 100, tokens_reasoning=900)
    assert among.usd == apart.usd == cost_of(endpoint(), 0, 900).usd


def test_the_connections_own_price_overrides_the_list() -> None:
    assert cost_of(endpoint(price_in=1, price_out=2), 1_000_000, 1_000_000).usd == 3


def test_an_address_that_the_list_knows_is_enough() -> None:
    known = Endpoint("https://api.openai.com/v1", "", "gpt-4o", provider="openai_compatible")
    assert cost_of(known, 1000, 0).usd == cost_of(endpoint(), 1000, 0).usd > 0


@pytest.mark.parametrize(
    "unknown",
    [
        endpoint(model="no-such-model"),
        Endpoint("http://127.0.0.1:9/v1", "", "gpt-4o", provider="openai_compatible"),
        Endpoint("", "", "gpt-4o", provider="openai_compatible"),
    ],
)
def test_what_nobody_knows_costs_nothing_and_is_marked(unknown: Endpoint) -> None:
    cost = cost_of(unknown, 1000, 1000)
    assert (cost.usd, cost.known) == (0, False)


@pytest.mark.parametrize("provider", ["embedded", "ollama", "vllm"])
def test_ones_own_machine_is_free_and_known(provider: str) -> None:
    cost = cost_of(endpoint(provider, "anything"), 1000, 1000)
    assert (cost.usd, cost.known) == (0, True)


def test_costs_are_millionths_so_that_sums_are_exact() -> None:
    cost = cost_of(endpoint(price_in=1.2345678), 1, 0)
    assert cost.usd == 0.000001


def test_the_list_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, agents.llm.prices; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
