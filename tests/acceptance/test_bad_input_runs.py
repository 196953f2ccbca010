"""Runs whose texts, expressions, people or agents go wrong: each ends, says where and why, and holds nothing back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from tests.front_door import Door
from tests.live_stage import Stage
from tests.model_server import ModelServer, mentions
from tests.workbench import ask, choose, definition, node, output, text

Json = dict[str, Any]
LOOPS = "{% for a in range(100000) %}{% for b in range(100000) %}{{ inputs.topic }}{% endfor %}{% endfor %}"
AGENT = {"role": "Analyst", "goal": "Find what is true"}


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (text("broken", LOOPS), "config.template"),
        (node("broken", "llm", {"prompt": "Say it", "system": LOOPS}), "config.system"),
        (node("broken", "agent", {"agent": "first", "prompt": LOOPS}), "config.prompt"),
        (ask("broken", LOOPS), "config.content"),
        (output("broken", said=LOOPS), "config.outputs.said.template"),
    ],
    ids=["template", "llm", "agent", "approval", "output"],
)
def test_a_template_that_loops_fails_its_step_and_the_worker_goes_on(
    door: Door, model_server: ModelServer, broken: Json, field: str
) -> None:
    door.connect(model_server.base_url)
    door.make("agents", {**AGENT, "name": "First"})
    began = time.monotonic()
    run = door.ran(definition([text("before"), broken, *([] if broken["type"] == "output" else [output()])]))
    assert time.monotonic() - began < 10
    reason = door.shows_failure(run, node="broken", code="template_failed")
    assert (reason["message"], reason["details"]) == (
        "A template could not be rendered: It loops too often.",
        {"field": field},
    )
    assert field in door.page(run)
    assert model_server.requests == []
    assert door.run(door.ran(definition([text("a"), output()])))["status"] == "completed"


def test_an_expression_that_fails_on_the_runs_values_names_its_condition(door: Door) -> None:
    gate = choose("gate", "end", end="inputs.topic.matches('(')")
    run = door.ran(definition([text("a"), gate, output()], ["a gate", "gate end end"]))
    reason = door.shows_failure(run, node="gate", code="expression_failed")
    assert reason["details"] == {"field": "config.cases.0.when"}


def test_a_node_type_that_was_taken_away_fails_the_run(door: Door, probes: dict[str, Callable[..., Any]]) -> None:
    """As after an update without a plugin: the version was published when the type was known."""
    from tests.probe import probe
    from workflows.nodes import registry

    run = door.start("workflows", door.workflow(definition([text("a"), probe("gone", "x"), output()])))
    kind = registry._TYPES.pop("probe")
    try:
        door.bench.advance(run)
        found = door.run(run)
        assert found["status"] == "failed"
        reason = found["error"]
        assert (reason["code"], reason["node"], reason["details"]) == ("node_type_gone", "gone", {"field": "type"})
        assert reason["message"].startswith("There is no node type 'probe'; there are agent, crew, ")
        assert found["error"]["message"] in unescape(door.page(run))
        door.left_nothing(run)
    finally:
        registry._TYPES["probe"] = kind


@pytest.mark.parametrize("decisions", [["approve"] * 8, ["approve", "reject"] * 4], ids=["alike", "against"])
async def test_of_many_decisions_at_once_over_http_one_counts(door: Door, stage: Stage, decisions: list[str]) -> None:
    run, approval, keys = await stage.within("acme", lambda: _parked(door))
    async with stage.program("acme", keys[0]) as one, stage.program("acme", keys[1]) as other:
        answers = await asyncio.gather(
            *[
                (one, other)[number % 2].post(f"/api/v1/approvals/{approval}/decide", json={"decision": decision})
                for number, decision in enumerate(decisions)
            ]
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    [counted] = [answer.json()["decision"] for answer in answers if answer.status_code == 200]
    for refused in [answer.json()["error"] for answer in answers if answer.status_code == 409]:
        assert refused["code"] == "approval_already_decided"
        assert refused["details"]["decision"] == counted
        assert refused["message"]
        assert refused["request_id"]
    await stage.within("acme", lambda: _ends(door, run, counted))


def _parked(door: Door) -> tuple[UUID, str, list[str]]:
    run = door.ran(definition([ask("gate"), output(said="{{ nodes.gate.decision }}")]))
    [approval] = door.run(run)["pending_approvals"]
    return run, approval, [door.key(role) for role in ("owner", "approver")]


def _ends(door: Door, run: UUID, decision: str) -> None:
    door.bench.advance(run)
    assert door.bench.types(run).count("approval.decided") == 1
    if decision == "approve":
        assert door.run(run)["outputs"] == {"said": "approve"}
        door.left_nothing(run)
    else:
        door.shows_failure(run, node="gate", code="rejected")


def test_a_second_decision_in_the_admin_is_told_and_changes_nothing(door: Door) -> None:
    run, approval, _ = _parked(door)
    path = f"/admin/workflows/approval/{approval}/decide/"
    door.browser("approver").post(path, {"decision": "approve"})
    again = door.browser().post(path, {"decision": "reject"}, follow=True)
    assert "has been decided already" in again.content.decode()
    door.bench.advance(run)
    assert door.run(run)["outputs"] == {"said": "approve"}
    late = door.program()("post", f"approvals/{approval}/decide", {"decision": "reject"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "approval_already_decided")
    assert door.run(run)["status"] == "completed"


def test_a_deleted_agent_cannot_be_run(door: Door) -> None:
    agent = door.make("agents", {**AGENT, "name": "First"})
    assert door.program()("delete", f"agents/{agent['id']}").status_code == 204
    refused = door.program()("post", f"agents/{agent['id']}/runs", {"inputs": {"task": "x"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
    assert door.browser().get("/admin/start/agent/first/").status_code == 404
    assert door.browser().post("/admin/start/agent/first/", {"task": "x"}).status_code == 404
    assert door.program().get("runs")["results"] == []


def test_an_agent_deleted_before_a_worker_came_fails_its_run(door: Door, model_server: ModelServer) -> None:
    door.connect(model_server.base_url)
    agent = door.make("agents", {**AGENT, "name": "First"})
    run = door.start("agents", agent, {"task": "Look at the tides"})
    assert door.program()("delete", f"agents/{agent['id']}").status_code == 204
    door.bench.advance(run)
    reason = door.shows_failure(run, node="work", code="agent_missing")
    assert reason["message"] == "There is no agent 'first' here any more."
    assert reason["details"] == {"agent": "first"}
    assert door.run(run)["agent"] is None
    assert "Run again" not in door.page(run)
    assert model_server.requests == []


@pytest.mark.parametrize(
    ("config", "gone", "code", "says"),
    [
        (("crew", {"crew": "team"}), "crews", "crew_missing", "There is no crew 'team' here any more."),
        (
            ("knowledge", {"knowledge_base": "docs", "query": "tides"}),
            "knowledge-bases",
            "knowledge_base_missing",
            "There is no knowledge base 'docs' here any more.",
        ),
        (
            ("llm", {"prompt": "Say it"}),
            "model-connections",
            "model_not_connected",
            "There is no default model connection here. Create one, or choose another.",
        ),
    ],
    ids=["crew", "knowledge", "model"],
)
def test_what_else_was_deleted_meanwhile_is_named_too(
    door: Door, config: tuple[str, Json], gone: str, code: str, says: str
) -> None:
    made = {
        "model-connections": door.connect("https://models.example/v1"),
        "knowledge-bases": door.make("knowledge-bases", {"name": "Docs"}),
    }
    door.make("agents", {**AGENT, "name": "First"})
    task = {"slug": "find", "description": "Find", "expected_output": "Facts", "agent": "first"}
    made["crews"] = door.make("crews", {"name": "Team", "tasks": [task]})
    run = door.start("workflows", door.workflow(definition([text("before"), node("work", *config), output()])))
    assert door.program()("delete", f"{gone}/{made[gone]['id']}").status_code == 204
    door.bench.advance(run)
    assert door.shows_failure(run, node="work", code=code)["message"] == says


TWO = definition(
    [
        node("one", "agent", {"agent": "first", "prompt": "Begin with {{ inputs.topic }}"}),
        node("two", "agent", {"agent": "second", "prompt": "Go on"}),
        output(said="{{ nodes.two.text }}"),
    ]
)


def test_agents_deleted_in_flight_stop_the_run_where_they_are_needed(door: Door, model_server: ModelServer) -> None:
    """Who is at work finishes; who has not begun is missed, and back again takes up the run where it stopped."""
    door.connect(model_server.base_url)
    agents = [door.make("agents", {**AGENT, "name": name}) for name in ("First", "Second")]
    fired: list[int] = []

    def fire(request: Any) -> bool:
        """Delete both while the first one's model thinks."""
        if not fired and mentions("begin with tides")(request):
            with door.bench.inside():
                fired.extend(_delete(door, agent["id"]) for agent in agents)
        return False

    model_server.always("never", when=fire)
    model_server.always("Water moves.")
    run = door.ran(TWO, {"topic": "tides"})
    assert fired == [204, 204]
    door.shows_failure(run, node="two", code="agent_missing")
    assert [(step["node"], step["status"]) for step in door.steps(run)] == [("one", "completed"), ("two", "failed")]

    door.make("agents", {**AGENT, "name": "Second"})
    assert door.program()("post", f"runs/{run}/resume").status_code == 200
    door.bench.advance(run)
    assert door.run(run)["outputs"] == {"said": "Water moves."}
    assert len(model_server.requests) == 2
    door.left_nothing(run)


def _delete(door: Door, agent: str) -> int:
    return int(door.program()("delete", f"agents/{agent}").status_code)


def test_an_agent_that_a_crew_needs_stays(door: Door) -> None:
    agent = door.make("agents", {**AGENT, "name": "First"})
    task = {"slug": "find", "description": "Find", "expected_output": "Facts", "agent": "first"}
    door.make("crews", {"name": "Team", "tasks": [task]})
    refused = door.program()("delete", f"agents/{agent['id']}")
    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == "Crews need this agent: Team."
    assert refused.json()["error"]["details"] == {"crews": ["Team"]}
