"""Expressions: what they give, how they fail, and that no expression can take the process down or hold it up."""

from __future__ import annotations

import time

import pytest

from workflows.expressions import Checker, ExpressionFailed, evaluate, is_cheap, names_in, strings, truth

VALUES = {
    "inputs": {"bar": 6, "topic": "tea", "none": None, "long": "a" * 200_000, "many": list(range(3_000))},
    "nodes": {"score": {"data": {"score": 5}}, "look": {"ids": ["D1", "D2", "D1"], "passages": [{"ref": "D1"}]}},
    "visits": {"draft": 2},
    "run": {"id": "r"},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("nodes.score.data.score < inputs.bar && visits.draft < 3", True),
        ("nodes.score.data.score < 6.5", True),
        ("nodes['score'].data.score", 5),
        ("nodes.look.passages.map(p, p.ref)", ["D1"]),
        ("{'a': [1, 2.5, 'x', true, null]}", {"a": [1, 2.5, "x", True, None]}),
        ("inputs.?missing.orValue(7)", 7),
        ("has(inputs.missing)", False),
        ("inputs.none == null", True),
        ("'a' + 'b'", "ab"),
        ("math.greatest(1, 3)", 3),
        ("duration('90s')", 90.0),
        ("timestamp('2024-02-01T00:00:00Z')", "2024-02-01T00:00:00+00:00"),
        ("'abc'.matches('b+')", True),
        ("r'\\d' == '\\\\d'", True),
    ],
)
def test_an_expression_gives_a_json_value(expression, value):
    assert evaluate(expression, VALUES) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("inputs.missing", 'Key not found in map : "missing"'),
        ("1 / 0", "divide by zero"),
        ("1.0 / 0.0", "not a finite number"),
        ("inputs.topic + 1", "No matching overloads"),
        ("1 +", "Syntax error"),
        ("nope", "undeclared reference to 'nope'"),
        ("b'raw'", "neither text"),
        ("x" * 1_001, "over 1,000 characters"),
    ],
)
def test_an_expression_that_fails_says_why(expression, reason):
    with pytest.raises(ExpressionFailed) as caught:
        evaluate(expression, VALUES)
    assert reason in caught.value.message
    assert caught.value.code == "expression_failed"


TEN = "[1,2,3,4,5,6,7,8,9,10]"


@pytest.mark.parametrize(
    "expression",
    [
        TEN + "".join(f".all(x{i}, {TEN}" for i in range(8)) + ".all(z, true)" + ")" * 8,
        "['aaaaaaaaaa']" + ".map(x, x + x)" * 28 + ".all(y, size(y) > 1)",
        "inputs.many.map(x, inputs.long)",
        "inputs.many.map(x, inputs.long + inputs.long).all(x, size(x) > 0)",
        "inputs.many.all(x, !(" + " || ".join(["inputs.long.matches('(a|b|aa)+c')"] * 16) + "))",
        "(" * 400 + "1" + ")" * 400,
        "[" * 400 + "]" * 400,
        "+".join(["1"] * 450),
        "r'\\' + inputs.many.map(x, inputs.long)[0] + string(inputs.many.map(x, inputs.long)) + '\\''",
        "['aaaaaaaaaa']" + ".map//\n(x, x + x)" * 28 + ".all(y, size(y) > 1)",
    ],
)
def test_a_bomb_fails_within_seconds(expression):
    began = time.perf_counter()
    with pytest.raises(ExpressionFailed):
        evaluate(expression, VALUES)
    assert time.perf_counter() - began < 8


def test_after_a_bomb_the_next_expression_works():
    with pytest.raises(ExpressionFailed):
        evaluate("['aaaaaaaaaa']" + ".map(x, x + x)" * 28, VALUES)
    assert evaluate("[1, 2].map(x, x + 1)", VALUES) == [2, 3]


@pytest.mark.parametrize("expression", ["a.b < 3 && visits.x > 2", "size(a) > 1", "has(a.b)", "(a)", "a == 'x.map(y)'"])
def test_what_neither_repeats_nor_matches_is_cheap(expression):
    assert is_cheap(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "a.map(x, x)",
        "a.matches('b')",
        "a.all//\n(x, x)",
        "r'\\' + a.map(x, x)",
        "'''a''' + a.map(x, x)",
    ],
)
def test_everything_else_is_not(expression):
    assert not is_cheap(expression)


def test_truth_refuses_what_is_neither_true_nor_false():
    with pytest.raises(ExpressionFailed, match="gives a number, not true or false"):
        truth("1", VALUES)


def test_strings_gives_each_once():
    assert strings("nodes.look.ids", VALUES) == ["D1", "D2"]


def test_strings_refuses_other_lists():
    with pytest.raises(ExpressionFailed, match="gives a list, not a list of strings"):
        strings("[1]", VALUES)


def test_names_are_read_off_but_not_from_strings_or_methods():
    expression = "nodes.a.ids.map(x, x + 'nodes.b') == inputs['c'] && x.nodes.d // nodes.e"
    assert names_in(expression) == {"nodes.a.ids", "inputs", "inputs.c"}


TYPES = {"nodes.s.score": "int", "nodes.s.ids": "list<string>", "inputs.topic": "string"}


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("nodes.s.score < 6", "bool"),
        ("nodes.s.score < 6.5", "bool"),
        ("nodes.s.ids", "strings"),
        ("nodes.other", "strings"),
        ("has(inputs.topic)", "bool"),
        ("nodes.s.ids.exists(x, x == inputs.topic)", "bool"),
        ("inputs.topic", "any"),
    ],
)
def test_the_checker_passes_what_fits(expression, gives):
    assert Checker(TYPES).complaint(expression, gives) == ""


@pytest.mark.parametrize(
    ("expression", "gives", "complaint"),
    [
        ("nodes.s.score < 'six'", "bool", "no matching overload for '_<_' applied to '(int, string)'"),
        ("nodes.s.score", "bool", "must give true or false; this one gives int"),
        ("nodes.s.ids.map(x, size(x))", "strings", "must give a list of strings; this one gives list<int>"),
        ("nodes.s.score <", "bool", "column 16: Syntax error"),
        ("topic", "any", "undeclared reference to 'topic'."),
        ("", "any", "Syntax error"),
    ],
)
def test_the_checker_says_what_does_not(expression, gives, complaint):
    assert complaint in Checker(TYPES).complaint(expression, gives)
