"""Each scorer: what is good, what is not, and what cannot be scored at all."""

from __future__ import annotations

from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput
from workflows.evals.scorers.base import CannotScore, Scored
from workflows.evals.scorers.judge import Judge
from workflows.evals.scorers.registry import _SCORERS, checked, scorers, uses

TOTALS = {"tokens_in": 10, "tokens_out": 5, "cost_usd": 0.02, "model_calls": 1, "seconds": 1.5}


def scored(output: Any, expected: Any = None, **inputs: Any) -> Scored:
    return Scored(inputs, output, expected, TOTALS)


def score(kind: str, given: Scored, **config: Any) -> float:
    return _SCORERS[kind].mark(given, config).score


@pytest.mark.parametrize(
    ("output", "expected", "config", "good"),
    [
        ({"a": 1}, {"a": 1}, {}, 1),
        ({"a": 1, "b": 2}, {"a": 1}, {}, 1),  # of what nothing is expected does not count
        ({"a": 2}, {"a": 1}, {}, 0),
        ({"b": 1}, {"a": 1}, {}, 0),
        ({"a": True}, {"a": 1}, {}, 1),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}, {"field": "a.b"}, 1),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, {"field": "a.b"}, 0),
        ({"a": "Yes"}, "yes", {"field": "a", "ignore_case": True}, 1),
        ({"a": "Yes"}, "yes", {"field": "a"}, 0),
        ({"a": "one  two\n"}, {"a": "one two"}, {"ignore_space": True}, 1),
        ({"a": ["x", "y"]}, {"a": "y"}, {"field": "a.1"}, 1),
    ],
)
def test_exact(output: Any, expected: Any, config: dict[str, Any], good: float) -> None:
    if config.get("field") == "a.1":
        expected = expected["a"]
    assert score("exact", scored(output, expected), **config) == good


def test_exact_says_what_differs() -> None:
    assert _SCORERS["exact"].mark(scored({"a": 2}, {"a": 1}), {}).told == "a is 2, not 1"


@pytest.mark.parametrize("kind", ["exact", "similarity", "contains"])
def test_without_an_expectation_there_is_nothing_to_compare(kind: str) -> None:
    with pytest.raises(CannotScore):
        score(kind, scored({"a": "x"}, None), field="a")


def test_a_field_that_is_not_there_is_said() -> None:
    with pytest.raises(CannotScore, match=r"The outputs have no a\.b"):
        score("exact", scored({"a": {}}, {"a": {"b": 1}}), field="a.b")


@pytest.mark.parametrize(
    ("config", "good"),
    [
        ({"texts": ["moon", "sun"]}, 1.0),
        ({"texts": ["MOON"]}, 1.0),
        ({"texts": ["MOON"], "ignore_case": False}, 0.0),
        ({"texts": ["moon", "mars"]}, 0.5),
        ({"forbidden": ["mars"]}, 1.0),
        ({"texts": ["moon"], "forbidden": ["sun"]}, 0.0),
    ],
)
def test_contains_is_a_share(config: dict[str, Any], good: float) -> None:
    assert score("contains", scored({"a": "The moon and the sun"}), field="a", **config) == good


def test_contains_what_the_case_expects() -> None:
    assert score(
        "contains", scored({"a": "The moon and the sun"}, {"a": ["moon", "sun", "sea"]}), field="a"
    ) == pytest.approx(2 / 3)


def test_json_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}, "required": ["n"]}
    assert score("json_schema", scored({"x": {"n": 3}}), schema=schema, field="x") == 1
    assert score("json_schema", scored({"x": {"n": 4}}), schema=schema, field="x") == 0


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("output.n == expected.n", 1.0),
        ("output.n > 2 && totals.cost_usd < 0.05", 0.0),
        ("inputs.q == 'why'", 1.0),
        ("totals.seconds < 1.0 ? 1.0 : 0.25", 0.25),
    ],
)
def test_cel(expression: str, good: float) -> None:
    assert score("cel", scored({"n": 2}, {"n": 2}, q="why"), expression=expression) == good


@pytest.mark.parametrize("expression", ["output.m == 1", "2", "'yes'", "output.n / 0"])
def test_cel_that_gives_no_score_is_said(expression: str) -> None:
    with pytest.raises(CannotScore):
        score("cel", scored({"n": 2}), expression=expression)


def test_similarity_knows_near_from_far() -> None:
    near = score(
        "similarity", scored({"a": "The moon causes the tides"}, {"a": "Tides are caused by the moon"}), field="a"
    )
    far = score(
        "similarity", scored({"a": "Invoices are due in March"}, {"a": "Tides are caused by the moon"}), field="a"
    )
    assert 0 <= far < 0.5 < near <= 1
    assert score("similarity", scored({"a": "same"}, {"a": "same"}), field="a") == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("outputs", "good"), [({"score": 7, "reason": "r"}, 0.7), ({"score": 99}, 1.0), ({"score": -1}, 0.0)]
)
def test_a_judges_grade_is_a_tenth_and_bounded(outputs: Any, good: float) -> None:
    assert Judge().verdict(outputs).score == good


def test_a_judge_without_a_grade_has_not_judged() -> None:
    with pytest.raises(CannotScore):
        Judge().verdict({"reason": "none"})


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"type": "nothing"}, "scorers.0"),
        ({"type": "cel"}, "scorers.0.config"),
        ({"type": "cel", "config": {"expression": "output."}}, "scorers.0.config"),
        ({"type": "cel", "config": {"expression": "nobody.x"}}, "scorers.0.config"),
        ({"type": "json_schema", "config": {"schema": {"type": "nothing"}}}, "scorers.0.config"),
        ({"type": "exact", "weight": -1}, "scorers.0.weight"),
        ({"type": "exact", "threshold": 1.5}, "scorers.0.threshold"),
        ({"type": "exact", "colour": "red"}, "scorers.0.colour"),
        ({"type": "exact", "config": {"colour": "red"}}, "scorers.0.config"),
        ("exact", "scorers.0"),
    ],
)
def test_a_scorer_that_is_wrong_is_refused_at_its_place(row: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked([row])
    assert field in [item["field"] for item in refused.value.details]  # type: ignore[index]


def test_what_is_left_out_is_filled_in() -> None:
    rows = checked([{"type": "exact"}, {"type": "similarity"}])
    assert [(use.name, use.weight, use.threshold) for use in uses(rows)] == [("exact", 1, 1), ("similarity", 1, 0.7)]


def test_two_scorers_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Another scorer"):
        checked([{"type": "exact"}, {"type": "exact"}])


def test_every_scorer_says_what_it_is() -> None:
    assert {scorer.type for scorer in scorers()} == {"exact", "contains", "json_schema", "cel", "similarity", "judge"}
    for scorer in scorers():
        assert scorer.title
        assert scorer.description
        assert scorer.problems({"strange": 1})
