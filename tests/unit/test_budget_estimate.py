"""What a call may use at most is told before it: rather too much than too little."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.budget import bounded, estimated, reserved, tokens_of
from agents.llm.endpoint import Ask, Endpoint
from nexod.kernel.run_port import BudgetExhausted
from tests.model_server.port import Run

ENDPOINT = Endpoint("", "", "m", provider="openai_compatible", price_in=1, price_out=2, connection="c", agent="a")


def ask(text: str = "Hello", **more: Any) -> Ask:
    return Ask(({"role": "user", "content": text},), **more)


@pytest.mark.parametrize(
    ("text", "at_least"),
    [("word " * 400, 400), ("def f(x):\n    return {x: [1, 2]}\n" * 40, 500), ("潮汐是怎么来的" * 50, 350)],
)
def test_no_prompt_is_longer_than_its_estimate(text: str, at_least: int) -> None:
    assert at_least <= tokens_of(ask(text)) <= 3 * at_least


def test_tools_and_schema_are_part_of_the_prompt() -> None:
    plain = tokens_of(ask())
    assert tokens_of(ask(tools=({"name": "search", "description": "x" * 350},))) > plain + 70
    assert tokens_of(ask(schema={"type": "object", "description": "x" * 350})) > plain + 70


def test_the_estimate_has_the_price_of_the_longest_answer() -> None:
    found = estimated(ENDPOINT, ask(max_tokens=500))
    assert (found.model, found.connection, found.agent) == ("m", "c", "a")
    assert found.tokens_out == 500
    assert found.cost_usd == pytest.approx((found.tokens_in + 1000) / 1e6)


def test_an_answer_without_a_bound_gets_one(settings: Any) -> None:
    settings.NEXOD_ANSWER_TOKENS = 77
    found = estimated(ENDPOINT, ask())
    assert found.tokens_out == 77
    assert estimated(ENDPOINT, ask(), writes=False).tokens_out == 0


def test_what_was_held_for_an_unbounded_answer_bounds_it(run: Run, settings: Any) -> None:
    settings.NEXOD_ANSWER_TOKENS = 77
    held = reserved(ENDPOINT, ask())
    assert bounded(ask(), held).max_tokens == 77
    assert bounded(ask(max_tokens=5), held).max_tokens == 5
    assert bounded(ask(), None).max_tokens is None


def test_a_refusal_is_passed_on(run: Run) -> None:
    run.refuse = lambda estimate: BudgetExhausted(fall_back=True)
    with pytest.raises(BudgetExhausted) as refused:
        reserved(ENDPOINT, ask())
    assert refused.value.fall_back


def test_outside_a_run_nothing_is_held() -> None:
    assert reserved(ENDPOINT, ask()) is None
