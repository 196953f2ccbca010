"""What guardrails refuse, in words that an agent can act on; and which guardrails nobody can save."""

from __future__ import annotations

from typing import Any

import pytest

from agents.guardrails import KINDS, complaints_of, documented, in_words, refusal

SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


def nobody(rubric: str, text: str) -> str:
    raise AssertionError("no judge is asked")


def why(text: str, **guardrail: Any) -> str:
    assert complaints_of([guardrail]) == []
    return refusal(guardrail, text, nobody)


@pytest.mark.parametrize(
    ("guardrail", "good", "bad", "said"),
    [
        ({"kind": "words", "max_words": 2}, "one two", "one two three", "It has 3 words; at most 2 are wanted."),
        ({"kind": "words", "min_words": 2}, "one two", "one", "It has 1 words; at least 2 are wanted."),
        ({"kind": "words", "max_characters": 3}, "abc", "abcd", "It has 4 characters; at most 3 are wanted."),
        ({"kind": "words", "min_characters": 3}, "abc", "ab", "at least 3"),
        ({"kind": "words", "must": ["Source"]}, "a SOURCE", "none", "It does not say “Source”."),
        ({"kind": "words", "must_not": ["as an AI"]}, "facts", "As an ai I", "It says “as an AI”, which it must not."),
        ({"kind": "cel", "expression": "result.words < 3"}, "a b", "a b c", "`result.words < 3` does not hold"),
        ({"kind": "cel", "expression": "result.data.score > 5"}, '{"score": 6}', '{"score": 5}', "does not hold"),
        ({"kind": "cel", "expression": "result.text.contains('[D1]')"}, "as [D1]", "as", "does not hold"),
        ({"kind": "schema", "schema": SCORE}, '{"score": 1}', '{"score": "x"}', "not JSON of the form"),
        ({"kind": "schema", "schema": SCORE}, 'Here: {"score": 1}', "nine", "not JSON"),
    ],
    ids=str,
)
def test_a_guardrail_lets_through_and_refuses(guardrail: dict[str, Any], good: str, bad: str, said: str) -> None:
    assert why(good, **guardrail) == ""
    assert said in why(bad, **guardrail)


def test_an_expression_that_cannot_be_told_refuses_and_says_so() -> None:
    assert "cannot be told" in why("no JSON", kind="cel", expression="result.data.score > 5")


def test_an_expression_that_never_ends_refuses_within_seconds() -> None:
    bomb = "[1,2,3,4,5,6,7,8,9,10]"
    expression = (
        f"{bomb}.all(a,{bomb}.all(b,{bomb}.all(c,{bomb}.all(d,{bomb}.all(e,{bomb}.all(f,{bomb}.all(g,true)))))))"
    )
    assert "cannot be told" in why("text", kind="cel", expression=expression)


def test_a_message_of_ones_own_takes_the_place_of_ours() -> None:
    assert why("x", kind="words", min_words=2, message="Write more.") == "Write more."
    assert why("x y", kind="words", min_words=2, message="Write more.") == ""


def test_a_model_judges_by_the_rubric() -> None:
    heard: list[tuple[str, str]] = []

    def judge(rubric: str, text: str) -> str:
        heard.append((rubric, text))
        return "Too vague."

    assert refusal({"kind": "model", "rubric": "It is exact."}, "Perhaps.", judge) == "Too vague."
    assert heard == [("It is exact.", "Perhaps.")]


@pytest.mark.parametrize(
    ("guardrails", "complaint"),
    [
        ({"kind": "cel"}, "a list of JSON objects"),
        (["cel"], "a list of JSON objects"),
        ([{"kind": ["cel"]}], "There is no kind"),
        ([{"kind": "magic"}], "magic"),
        ([{"kind": "cel"}], "Guardrail 1: "),
        ([{"kind": "words", "max_words": 1}, {"kind": "cel", "expression": "result."}], "Guardrail 2: "),
        ([{"kind": "cel", "expression": "1 + 1"}], "true or false"),
        ([{"kind": "cel", "expression": "inputs.x == 1"}], "undeclared"),
        ([{"kind": "words"}], "asks for nothing"),
        ([{"kind": "words", "min_words": 3, "max_words": 2}], "leaves nothing"),
        ([{"kind": "words", "must": "x"}], "must"),
        ([{"kind": "schema", "schema": {"type": 1}}], "Guardrail 1: "),
        ([{"kind": "model", "rubric": ""}], "rubric"),
        ([{"kind": "model", "rubric": "r", "extra": 1}], "extra"),
        ([{"kind": "words", "max_words": 1}] * 11, "at most 10"),
    ],
    ids=str,
)
def test_what_cannot_be_saved_is_told(guardrails: Any, complaint: str) -> None:
    assert complaint in " ".join(complaints_of(guardrails))


def test_every_kind_is_documented_and_told_in_words() -> None:
    assert set(documented()) == set(KINDS)
    assert in_words({"kind": "words", "min_words": 2, "max_words": 1000, "must": ["a"], "must_not": ["b"]}) == (
        "2 to 1,000 words; says “a”; never says “b”"
    )
    assert all(in_words({"kind": kind, "expression": "e", "rubric": "r"}) != "unknown" for kind in KINDS)
