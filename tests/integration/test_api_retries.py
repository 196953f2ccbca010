"""Failed runs over the API: found by their reason, retried as they are, changed, or from an earlier node; what was undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nexod.kernel.errors import InvalidInput
from tests.integration.test_api_whole_way import callers  # noqa: F401  the fixture
from tests.probe import probe
from tests.program import Program
from tests.workbench import Bench, definition, output, text

Callers = Callable[..., Program]
WORDS = definition(
    [
        text("a", "On {{ inputs.topic }}"),
        text("b", "{{ 6 // (inputs.topic | length - 5) }}"),
        output(said="{{ nodes.a.text }}"),
    ]
)


def failed(bench: Bench) -> str:
    run = bench.ran(WORDS)
    assert run.status == "failed"
    return f"runs/{run.id}"


def test_a_failed_run_says_why_where_and_after_how_many_tries(bench: Bench, callers: Callers) -> None:  # noqa: F811
    run = callers("viewer").get(failed(bench))
    assert (run["error"]["node"], run["error"]["attempts"], run["compensation"]) == ("b", 1, None)


def test_failed_runs_are_found_by_their_reason(bench: Bench, callers: Callers) -> None:  # noqa: F811
    path = failed(bench)
    viewer = callers("viewer")
    code = viewer.get(path)["error"]["code"]
    found = viewer.get(f"runs?status=failed&reason={code}")["results"]
    assert [f"runs/{run['id']}" for run in found] == [path]
    assert viewer.get("runs?status=failed&reason=workers_lost")["results"] == []
    assert viewer.get("runs?reason=%27;--")["results"] == []
    assert callers("viewer", "globex").get(f"runs?reason={code}")["results"] == []


def test_it_is_retried_with_other_inputs(bench: Bench, callers: Callers) -> None:  # noqa: F811
    path, editor = failed(bench), callers("editor")
    wrong = editor("post", f"{path}/retry", {"inputs": {"topic": 7}})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "inputs_invalid")
    assert wrong.json()["error"]["details"][0]["field"] == "inputs.topic"
    again = editor("post", f"{path}/retry", {"inputs": {"topic": "oceans"}})
    assert (again.status_code, again.json()["status"], again.json()["error"]) == (200, "pending", None)
    bench.advance(UUID(again.json()["id"]))
    assert editor.get(path)["outputs"] == {"said": "On tides"}
    twice = editor("post", f"{path}/retry")
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "run_not_resumable")


def test_from_an_earlier_node_or_with_a_step_given_by_hand(bench: Bench, callers: Callers) -> None:  # noqa: F811
    path, editor = failed(bench), callers("editor")
    again = editor("post", f"{path}/retry", {"node": "a", "inputs": {"topic": "oceans"}}).json()
    bench.advance(UUID(again["id"]))
    assert editor.get(path)["outputs"] == {"said": "On oceans"}
    steps = editor.get(f"{path}/steps")["results"]
    assert sorted((step["node"], step["superseded"]) for step in steps) == [
        ("a", False),
        ("a", True),
        ("b", False),
        ("b", True),
        ("end", False),
    ]
    other = failed(bench)
    given = editor("post", f"{other}/retry", {"outputs": {"b": {"text": "six"}}}).json()
    assert bench.advance(UUID(given["id"])).status == "completed"
    refused = editor("post", f"{failed(bench)}/retry", {"outputs": {"b": {"txt": "six"}}}).json()["error"]
    assert {found["field"] for found in refused["details"]} == {"outputs.b"}


def test_who_may_not_run_may_not_retry_nor_see_it_from_elsewhere(bench: Bench, callers: Callers) -> None:  # noqa: F811
    path = failed(bench)
    assert callers("viewer")("post", f"{path}/retry").status_code == 403
    assert callers("owner", "globex")("post", f"{path}/retry").status_code == 404
    assert bench.run(UUID(path[5:])).status == "failed"


def test_what_was_undone_is_shown(bench: Bench, callers: Callers, probes: Any) -> None:  # noqa: F811
    def fails(call: Any) -> None:
        raise InvalidInput("no")

    def does(call: Any) -> None:
        if call.node == "unb":
            fails(call)

    probes.update(does=does, fails=fails)
    undo = [probe("una", "does"), probe("unb", "does")]
    nodes = [probe("a", "does", more={"undo": "una"}), probe("b", "does", more={"undo": "unb"}), probe("x", "fails")]
    run = bench.ran(definition([*nodes, output(), *undo], ["a b", "b x", "x end"]))
    shown = callers("viewer").get(f"runs/{run.id}")["compensation"]
    assert (shown["cause"], shown["over"], [found["node"] for found in shown["undone"]]) == ("failed", True, ["a"])
    [left] = shown["not_undone"]
    assert (left["node"], left["reason"]["code"]) == ("b", "invalid")
    steps = callers("viewer").get(f"runs/{run.id}/steps")["results"]
    assert {step["undoes"] for step in steps if step["node"] == "unb"} == {left["step"]}
