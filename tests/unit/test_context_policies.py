"""What of a conversation a model reads when there is more than it can."""

from __future__ import annotations

from typing import Any

import pytest

from agents.context.policies import LEFT_OUT, Fitted, Summary, fit, room_of
from agents.context.turns import size
from agents.llm.endpoint import Endpoint

HEAD = [{"role": "system", "content": "You are Ann."}, {"role": "user", "content": "How tall is the tower of Pisa?"}]
FILLER = "Cheese is made of milk, in many countries, by people who know how. "


def turn(number: int, result: str) -> list[dict[str, Any]]:
    call = {"id": f"c{number}", "type": "function", "function": {"name": "search", "arguments": f'{{"q": "{number}"}}'}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{number}", "name": "search", "content": result},
    ]


TURNS = [
    turn(0, f"{FILLER * 10} The tower of Pisa is 57 metres tall. {FILLER * 10}"),
    *[turn(number, f"{number} {FILLER * 20}") for number in range(1, 8)],
]


def fitted(policy: str, turns: list[Any] = TURNS, *, room: int = 5_000, summary: Summary | None = None) -> Fitted:
    asked: list[str] = []

    def sum_up(question: str) -> str:
        asked.append(question)
        return f"Summary {len(asked)} of {len(question)} characters"

    found = fit(HEAD, turns, policy=policy, room=room, summary=summary or Summary(), sum_up=sum_up)
    found_asked[:] = asked
    return found


found_asked: list[str] = []


@pytest.mark.parametrize("policy", ["trim", "summarise", "retrieve"])
def test_what_fits_is_left_alone(policy: str):
    assert fitted(policy, TURNS[:2], room=10_000).messages == [*HEAD, *TURNS[0], *TURNS[1]]
    assert not found_asked


@pytest.mark.parametrize("policy", ["trim", "summarise", "retrieve"])
def test_what_does_not_fit_is_made_to(policy: str):
    messages = fitted(policy).messages
    assert size(messages) <= 5_000
    assert messages[:2] == HEAD
    assert messages[-2:] == TURNS[-1], "the newest turn stays"
    answered = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    asked = {call["id"] for message in messages for call in message.get("tool_calls", ())}
    assert answered == asked, "no call without its result, no result without its call"


@pytest.mark.parametrize("policy", ["trim", "summarise", "retrieve"])
def test_the_same_conversation_gives_the_same_messages(policy: str):
    assert fitted(policy).messages == fitted(policy).messages


def test_trim_leaves_the_oldest_out():
    texts = [str(message["content"]) for message in fitted("trim").messages]
    assert LEFT_OUT in texts
    assert not any("57 metres" in text for text in texts)


def test_retrieve_brings_back_what_matters():
    messages = fitted("retrieve").messages
    brought = next(message["content"] for message in messages if LEFT_OUT.rstrip(")") in str(message["content"]))
    assert "57 metres" in brought
    assert "57 metres" not in str(messages[-2:])


def test_summarise_sums_up_once_until_there_is_more():
    first = fitted("summarise")
    assert len(found_asked) == 1
    assert "57 metres" in found_asked[0]
    assert "How tall is the tower" in found_asked[0]
    assert any("Summary 1" in str(message["content"]) for message in first.messages)
    again = fitted("summarise", summary=first.summary)
    assert not found_asked, "what is summed up is not summed up again"
    assert again.messages == first.messages
    more = fitted("summarise", [*TURNS, *[turn(number, FILLER * 20) for number in range(8, 14)]], summary=first.summary)
    assert len(found_asked) == 1
    assert "Summary 1" in found_asked[0], "the next summary contains the one before"
    assert more.summary.turns > first.summary.turns


@pytest.mark.parametrize("policy", ["trim", "summarise", "retrieve"])
def test_a_turn_that_alone_is_too_long_is_cut(policy: str):
    messages = fitted(policy, [turn(0, "start " + FILLER * 500 + " end")]).messages
    assert size(messages) <= 5_100
    assert str(messages[-1]["content"]).startswith("start")
    assert str(messages[-1]["content"]).endswith("end")


@pytest.mark.parametrize(
    ("small", "own", "answer", "characters"),
    [(False, None, 800, 93_408), (False, 4_000, 800, 9_408), (True, None, 220, 5_292), (True, 4_000, 220, 5_292)],
)
def test_the_room_is_what_agent_and_model_have(small: bool, own: int | None, answer: int, characters: int):
    endpoint = Endpoint("http://x", "", "m", small=small)
    assert room_of(endpoint, answer_tokens=answer, context_tokens=own) == characters
