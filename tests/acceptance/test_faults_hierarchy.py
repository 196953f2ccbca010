"""A hierarchical crew with tools, people and a budget, whose workers are killed in the middle: paid once, done once, told once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.faults import Start, World, figure, numbered, start, world
from tests.model_server import ModelServer, Text, ToolCall, ToolCalls, mentions, says_system
from tests.teams import CREW, make_crew
from tests.workbench import Bench, definition, output

__all__ = ["start", "world"]
LEASE_S = 3.0
PATIENCE_S = 180
PATH = "/hierarchy"
THINKING_S = 1.5
CALLS = 8
TOLD = {
    "agent.started": 5,
    "agent.finished": 5,
    "agent.delegated": 2,
    "agent.thought": 2,
    "tool.called": 1,
    "tool.returned": 1,
    "guardrail.refused": 1,
    "model.called": CALLS,
}


@pytest.fixture(autouse=True)
def reachable(world: World, settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.model.address, world.sink.address]


def make(bench: Bench, world: World) -> None:
    """A boss; a buyer who may order with a person's leave; a clerk. A person decides on the order, a rule on the report."""
    from agents.actions.budgets import create_budget

    settings = {"hosts": [world.sink.address], "methods": ["POST"]}
    ordering = [{"tool": "http_request", "settings": settings, "approval": "always"}]
    rules = [{"kind": "words", "must": ["ordered"]}]
    short = {"max_tokens": 200}
    agents = {"Boss": short, "Buyer": {**short, "tools": ordering}, "Clerk": short}
    tasks = [
        {"slug": "order", "agent": "Buyer", "description": "Order it", "human_input": True},
        {"slug": "report", "agent": "Clerk", "description": "Report it", "context": ["order"], "guardrails": rules},
    ]
    make_crew(bench, world.model.base_url, agents, tasks, manager="Boss")
    budget = {"scope": "run", "period": "run", "unit": "tokens", "limit": Decimal(1000), "on_exceeding": "ask"}
    with bench.inside():
        create_budget(actor=bench.user("owner"), name="Small", **budget)


def script(model: ModelServer, url: str) -> None:
    """Answer by what was said so far, so that a question that is put again gets the same answer again."""
    boss, buyer, clerk = (says_system(f"You are {role}") for role in ("Boss", "Buyer", "Clerk"))

    def answer(said: Any, who: Any, *texts: str) -> None:
        model.always(said, when=lambda request: who(request) and mentions(*texts)(request))

    answer(Text("It is ordered.", wait_s=THINKING_S), boss, "It was refused")
    answer("All is well.", boss, "Report it", "The clerk agrees.")
    answer(_hands("ask_question_to_coworker", "question", "Clerk"), boss, "Report it")
    answer("One was bought.", boss, "Order it", "It came through.")
    answer(_hands("delegate_work_to_coworker", "task", "Buyer"), boss, "Order it")
    answer(Text("It came through.", wait_s=THINKING_S), buyer, "tool_result")
    order = {"method": "POST", "url": url, "json": {"n": 1}}
    answer(ToolCalls((ToolCall("http_request", order),)), buyer)
    answer(Text("The clerk agrees.", wait_s=THINKING_S), clerk)


def _hands(tool: str, what: str, to: str) -> ToolCalls:
    return ToolCalls((ToolCall(tool, {what: "Do", "context": "All", "coworker": to}),), text=f"{to} can do that.")


def test_killed_in_the_middle_of_everything(bench: Bench, start: Start, world: World) -> None:
    """Killed after the side effect, while a coworker is asked, while a refused result is mended; people are asked between."""
    make(bench, world)
    script(world.model, world.sink.url(PATH))

    def thinking(role: str, calls: int) -> Callable[[], bool]:
        return lambda: sum(says_system(f"You are {role}")(one) for one in list(world.model.requests)) == calls

    kills = [thinking("Buyer", 2), thinking("Clerk", 1), lambda: "guardrail.refused" in bench.types(run)]
    effects_at_kills: list[int] = []
    asked: list[str] = []
    worker = start(lease_s=LEASE_S)
    run = bench.start(definition([CREW, output(said="{{ nodes.team.text }}")]))
    ends = time.monotonic() + PATIENCE_S
    while (seen := bench.run(run)).status not in ("completed", "failed"):
        assert time.monotonic() < ends, (seen.status, asked, bench.types(run), bench.ticket(run).__dict__)
        if seen.status == "waiting":
            asked += [seen.waiting_for, *_decided(bench, run)]
        elif kills and kills[0]():
            effects_at_kills.append(world.sink.count(PATH))
            worker.kill()
            kills.pop(0)
            worker = start(lease_s=LEASE_S)
        time.sleep(0.05)
    assert seen.status == "completed", seen.error
    counted = Counter(bench.types(run))
    requests = len(world.model.requests)
    figure(
        "hierarchical crew", kills=len(effects_at_kills), questions=len(asked) // 2, calls=requests, paid=seen.model_calls,
        undisturbed=CALLS, repaid=seen.model_calls - CALLS, effects=world.sink.count(PATH), events=seen.last_seq,
        twice_told=sum(counted[type_] - times for type_, times in TOLD.items()),
    )  # fmt: skip
    assert effects_at_kills == [1, 1, 1]
    assert {"Buyer wants to use HTTP request", "Boss: order"} < set(asked)
    assert "budget" in asked
    assert seen.outputs == {"said": "It is ordered."}
    assert seen.model_calls == CALLS
    assert requests <= CALLS + 3, "only a call that was never answered is made again"
    assert world.sink.count(PATH) == 1
    assert {type_: counted[type_] for type_ in TOLD} == TOLD
    assert numbered(bench, run)


def _decided(bench: Bench, run: UUID) -> list[str]:
    """Let through what the run waits for, and return what it was."""
    from workflows.models import Approval

    with bench.inside():
        pending = Approval.objects.filter(run=run).pending().values_list("title", flat=True)
        titles = list(pending)
    if titles:
        bench.decide(run, "approve", role="owner")
    return titles[:1] or ["nothing"]
