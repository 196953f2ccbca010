"""Documents that are too large, too deep or cannot be stored are refused quickly and clearly."""

from __future__ import annotations

import json
import time

import pytest

from tests.definitions import Everything, chain, node, scored
from workflows.definitions import validate
from workflows.definitions.reading import MAX_BYTES


def refusals(document):
    return [(problem.code, problem.message) for problem in validate(document, Everything())]


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_five_thousand_nodes_are_checked_in_a_few_seconds():
    began = time.perf_counter()
    assert refusals(chain(5_000, lambda i: {"template": f"{{{{ nodes.n{i - 1}.text }}}}" if i else "x"})) == []
    assert time.perf_counter() - began < 10


def test_five_thousand_nodes_that_all_know_each_other_are_too():
    document = chain(5_000)
    document["edges"] += [{"from": f"n{i}", "to": f"n{(i * 7919) % 4_999}"} for i in range(4_999)]
    began = time.perf_counter()
    assert "endless_cycle" in {code for code, _ in refusals(document)}
    assert time.perf_counter() - began < 10


def test_more_nodes_are_too_large():
    assert refusals(chain(5_001)) == [("too_large", "A definition may have at most 5,000 nodes.")]


def test_more_bytes_are_too_large():
    assert refusals(" " * (MAX_BYTES + 1))[0][0] == "too_large"


def test_nesting_over_a_hundred_is_too_deep():
    assert refusals(scored(lambda d: node(d, "ask")["config"].update(x=nested(200)))) == [
        ("too_large", "The document is nested more than 100 levels deep.")
    ]


def test_text_that_would_overflow_a_parser_is_too_deep():
    assert refusals("[" * 1_000_000)[0][0] == "too_large"


def test_too_many_values_are_too_large():
    assert refusals({"nodes": [[0] * 1_000] * 600}) == [("too_large", "The document has over 500,000 values.")]


@pytest.mark.parametrize("value", ["a\0b", "\ud800", float("nan"), float("inf"), {"\0": 1}, object(), b"x"])
def test_what_a_database_cannot_store_is_malformed(value):
    [(code, _)] = refusals(scored(lambda d: d.update(description=value)))
    assert code == "malformed"


def test_not_a_number_in_the_text_is_malformed():
    assert refusals(json.dumps(scored(lambda d: d["limits"].update(timeout_s=float("nan")))))[0][0] == "malformed"
