"""Retry policies, error edges and undos of a definition: what is taken, and what is told of what is not."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.definitions import Everything, places
from tests.workbench import ask, choose, definition, output, text
from workflows.definitions import definition_schema, parse, validate

Json = dict[str, Any]
CHARGED = definition(
    [text("charge", undo="refund"), text("refund", "{{ nodes.charge.text }}"), text("ship"), text("sorry"), output()],
    ["charge ship", "ship end", "ship sorry error", "sorry end"],
)
RETRY = {
    "attempts": 3,
    "backoff_s": 2,
    "factor": 3,
    "max_backoff_s": 60,
    "jitter": "none",
    "on": ["timeout", "invalid"],
}


def changed(document: Json, **by_node: Json) -> Json:
    copy = json.loads(json.dumps(document))
    for node in copy["nodes"]:
        node.update(by_node.get(node["id"], {}))
    return copy


def found(document: Json) -> list[tuple[str, str, str]]:
    return places(validate(document, Everything()))


def test_retry_error_edge_and_undo_are_part_of_the_format() -> None:
    document = changed(CHARGED, ship={"retry": RETRY})
    assert found(document) == []
    assert Draft202012Validator(definition_schema()).is_valid(document)
    assert parse(document).undone == {"refund": "charge"}
    assert parse(document).catches("ship")
    assert parse(document).routes("ship") == frozenset()


@pytest.mark.parametrize(
    ("retry", "field"),
    [
        ({"attempts": 11}, "retry.attempts"),
        ({"backoff_s": -1}, "retry.backoff_s"),
        ({"factor": 0.5}, "retry.factor"),
        ({"max_backoff_s": 90_000}, "retry.max_backoff_s"),
        ({"jitter": "some"}, "retry.jitter"),
        ({"on": ["Time out"]}, "retry.on.0"),
        ({"forever": True}, "retry.forever"),
    ],
)
def test_a_policy_is_bounded(retry: Json, field: str) -> None:
    document = changed(CHARGED, ship={"retry": retry})
    assert found(document) == [("malformed", "ship", field)]
    assert not Draft202012Validator(definition_schema()).is_valid(document)


def test_an_error_that_nobody_raises_is_told_with_the_one_that_was_meant() -> None:
    [problem] = validate(changed(CHARGED, ship={"retry": {"on": ["any", "rate_limit"]}}), Everything())
    assert (problem.code, problem.node, problem.field) == ("unknown_error", "ship", "retry.on.1")
    assert "'rate_limited'" in problem.message
    assert found(changed(CHARGED, ship={"retry": {"on": ["model_stream_cut", "crew_failed"]}})) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"charge": {"undo": "nowhere"}}, "no node 'nowhere'"),
        ({"refund": {"undo": "refund"}}, "cannot undo itself"),
        ({"refund": {"undo": "sorry"}}, "not undone itself"),
        ({"ship": {"undo": "sorry"}}, "no edge may lead to it"),
        ({"ship": {"undo": "charge"}}, "may not start there"),
        ({"ship": {"undo": "refund"}}, "an undo of its own"),
        ({"refund": ask("refund")}, "type approval cannot undo"),
        ({"refund": output("refund")}, "type output cannot undo"),
    ],
)
def test_an_undo_that_could_not_be_done_is_refused(change: Json, said: str) -> None:
    problems = [problem for problem in validate(changed(CHARGED, **change), Everything()) if said in problem.message]
    assert problems, validate(changed(CHARGED, **change), Everything())
    assert problems[0].field == "undo"


def test_an_undo_sees_what_it_undoes_and_what_was_before_and_nobody_sees_the_undo() -> None:
    later = changed(CHARGED, refund=text("refund", "{{ nodes.ship.text }}"))
    assert found(later) == [("runs_later", "refund", "config.template")]
    seen = changed(CHARGED, sorry=text("sorry", "{{ nodes.refund.text }}"))
    assert found(seen) == [("runs_later", "sorry", "config.template")]


def test_an_undo_is_no_way_out_of_a_cycle() -> None:
    nodes = [text("a", undo="b"), text("b"), choose("c", "on", again="true"), output()]
    document = definition(nodes, ["a c", "c a again", "c a on"], limits={"visits": 3})
    assert ("endless_cycle", "a", "") in found(document)


def test_a_route_of_a_condition_may_not_be_called_like_failing() -> None:
    nodes = [choose("c", "on", error="false"), text("a"), output()]
    assert found(definition(nodes, ["c a error", "c end on", "a end"])) == [
        ("reserved_route", "c", "config.cases.0.route")
    ]


@pytest.mark.parametrize("failing", [ask("x"), choose("x", "on", other="false"), output("x"), text("x")])
def test_every_type_may_have_an_edge_for_failing(failing: Json) -> None:
    ways = ["x end on", "x end other"] if failing["type"] == "condition" else ["x end"]
    assert found(definition([failing, text("sorry"), output()], [*ways, "x sorry error", "sorry end"])) == []


def test_the_error_of_a_node_is_known_where_an_edge_catches_it_and_only_there() -> None:
    said = changed(CHARGED, sorry=text("sorry", "{{ nodes.ship.error.message }} {{ nodes.ship.error.details.limit }}"))
    assert found(said) == []
    wrong = changed(CHARGED, sorry=text("sorry", "{{ nodes.ship.error.mesage }}"))
    assert found(wrong) == [("unknown_field", "sorry", "config.template")]
    [problem] = validate(changed(CHARGED, sorry=text("sorry", "{{ nodes.charge.error.code }}")), Everything())
    assert (problem.code, problem.node) == ("unknown_field", "sorry")
    assert "only where an edge leaves it by the route 'error'" in problem.message


def test_a_cycle_through_failing_needs_a_bound() -> None:
    document = definition([text("a"), output()], ["a end", "a a error"])
    assert found(document) == [("cycle_without_bound", "a", "limits.visits")]
    assert found({**document, "limits": {"visits": 3}}) == []


def test_thousands_of_undos_are_checked_quickly() -> None:
    nodes = [node for n in range(2000) for node in (text(f"n{n}", undo=f"u{n}"), text(f"u{n}"))]
    edges = [f"n{n} n{n + 1}" for n in range(1999)]
    began = time.monotonic()
    problems = found(definition([*nodes, output()], [*edges, "n1999 end"]))
    assert problems == []
    assert time.monotonic() - began < 5


def test_an_approval_is_due_by_its_policy_or_by_its_time_limit_and_not_by_both() -> None:
    policy = {"who": {"roles": ["approver"]}, "due": {"after": "1h"}}
    one = definition([ask("ok"), output()])
    one["nodes"][0] = {**ask("ok", policy=policy), "timeout_s": 60}
    assert found(one) == [("bad_config", "ok", "timeout_s")]
    one["nodes"][0] = {**ask("ok", policy={"who": policy["who"]}), "timeout_s": 60}
    assert found(one) == []
