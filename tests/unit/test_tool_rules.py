"""When a person is asked about a tool: rules as they are written, read, and refused."""

from __future__ import annotations

from typing import Any

import pytest

from agents.tools.rules import Rule, rule_of, rule_problems

PARAMETERS = {
    "type": "object", "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}, "additionalProperties": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("perhaps", "is one of never, always, when, first"),
        ("when", "'when' needs its condition"),
        (None, "approval"),
        ({}, "'ask' is a required property"),
        ({"ask": "perhaps"}, "is not one of"),
        ({"ask": "when"}, "needs a condition"),
        ({"ask": "when", "condition": "arguments.amount >"}, "not valid"),
        ({"ask": "when", "condition": "arguments.amount + 1"}, "must give true or false"),
        ({"ask": "when", "condition": "arguments.amount"}, ""),  # of any type: looked at when it is asked
        ({"ask": "when", "condition": "'a'"}, "must give true or false"),
        ({"ask": "when", "condition": "inputs.amount > 1"}, "not valid"),
        ({"ask": "when", "condition": "arguments.sum > 1"}, "takes no argument 'sum'"),
        ({"ask": "when", "condition": "arguments.amount > 1 && arguments.note.startsWith('a')"}, ""),
        ({"ask": "first", "per": "day"}, "is not one of"),
        ({"ask": "always", "policy": {"quorum": 0}}, "policy.quorum"),
        ({"ask": "always", "policy": {"due": {"after": "1h", "on_timeout": "route"}}}, "timeout"),
        ({"ask": "always", "more": 1}, "Additional properties"),
        ("never", ""),
        ({"ask": "first", "per": "tool", "policy": {"due": {"after": "1h"}}}, ""),
    ],
)
def test_rules_that_cannot_be_used_are_refused(given: Any, problem: str) -> None:
    found = " ".join(rule_problems(given, PARAMETERS))
    assert problem in found
    assert bool(problem) == bool(found), found


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("never", "never"),
        ({"ask": "always"}, "always"),
        ({"ask": "first", "per": "arguments"}, "first"),
        ({"ask": "first", "per": "tool", "condition": "true"}, {"ask": "first", "per": "tool"}),
        ({"ask": "never", "policy": {"quorum": 2}}, "never"),
        ({"ask": "always", "policy": {"quorum": 2}}, {"ask": "always", "policy": {"quorum": 2}}),
    ],
)
def test_a_rule_is_stored_as_short_as_it_can_be(given: Any, stored: Any) -> None:
    assert rule_of(given).as_json() == stored
    assert rule_of(stored) == rule_of(given)


def test_a_rule_that_nobody_knows_asks() -> None:
    assert rule_of({"ask": "sometimes"}).applies({})
    assert rule_of("sometimes").applies({})


def test_a_condition_that_never_ends_asks_within_seconds() -> None:
    endless = "[1,2,3,4,5,6,7,8].all(a, " * 8 + "arguments.amount > 0" + ")" * 8
    assert Rule("when", endless).applies({"amount": 1})


def test_what_a_decision_covers_depends_on_no_order_of_names() -> None:
    rule = Rule("first")
    assert rule.digest("t", {"a": 1, "b": 2}, {"x": 1, "y": 2}) == rule.digest("t", {"b": 2, "a": 1}, {"y": 2, "x": 1})
    assert rule.digest("t", {}, {"x": 1}) != rule.digest("t", {}, {"x": "1"})
    assert Rule("first", per="tool").digest("t", {}, {"x": 1}) == Rule("first", per="tool").digest("t", {}, {"x": 2})
