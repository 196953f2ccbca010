"""Crews in runs: what holds for a run holds inside a crew, and what parks it is neither paid nor told nor done twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.model_server import ModelServer, Text, ToolCall, ToolCalls, mentions, says_system
from tests.sink import Sink
from tests.teams import CREW, make_crew
from tests.workbench import Bench, definition, output

TEAM = definition([CREW, output(said="{{ nodes.team.text }}")])
ONCE = ("agent.started", "agent.finished", "agent.delegated", "agent.thought", "tool.called", "tool.returned")


@pytest.fixture(autouse=True)
def reachable(model_server: ModelServer, sink: Sink, settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, sink.address]


def questions(bench: Bench, run: UUID) -> list[Any]:
    from workflows.models import Approval

    with bench.inside():
        return list(Approval.objects.filter(run=run).order_by("created_at"))


def decided(bench: Bench, run: Any, decision: str = "approve", **said: str) -> Any:
    """Decide the question that the run waits for, and let it go on."""
    assert run.status == "waiting", run.error
    bench.decide(run.id, decision, **said)
    return bench.advance(run.id)


def told(bench: Bench, run: UUID, type_: str) -> list[dict[str, Any]]:
    return [event.data for event in bench.events(run) if event.type == type_]


def orders(sink: Sink, path: str, *, approval: str = "never") -> list[dict[str, Any]]:
    """Return the tools of an agent that may post to the path of the sink."""
    settings = {"hosts": [sink.address], "methods": ["POST"]}
    return [{"tool": "http_request", "settings": settings, "approval": approval}]


def post(sink: Sink, path: str) -> ToolCalls:
    arguments = {"method": "POST", "url": sink.url(path), "json": {"n": 1}}
    return ToolCalls((ToolCall("http_request", arguments),), text="I order it.")


def hand_to(role: str) -> ToolCalls:
    given = {"task": "Order it", "context": "One of them", "coworker": role}
    return ToolCalls((ToolCall("delegate_work_to_coworker", given),), text="Somebody else can.")


def test_a_hierarchical_crew_that_asks_three_people_in_a_row(
    bench: Bench, model_server: ModelServer, sink: Sink
) -> None:
    """The manager hands out work, whose tool is let through by a person; a guardrail and the task ask for one more each."""
    tasks = [
        {"slug": "order", "description": "Order", "human_input": True},
        {"slug": "report", "description": "Report", "guardrails": [{"kind": "words", "max_words": 2}],
         "max_retries": 1, "on_failure": "ask"},
    ]  # fmt: skip
    workers = {"Boss": {}, "Buyer": {"tools": orders(sink, "/three", approval="always")}}
    make_crew(bench, model_server.base_url, workers, tasks, manager="Boss")
    model_server.answer(
        hand_to("Buyer"), "Ordered.", "Far too long.", "Still too long.", when=says_system("You are Boss")
    )
    model_server.answer(post(sink, "/three"), "It is ordered.", when=says_system("You are Buyer"))
    run = bench.ran(TEAM)
    run = decided(bench, run)
    assert sink.count("/three") == 1
    run = decided(bench, run)
    run = decided(bench, run, "edit", content="Done.")
    assert (run.status, run.outputs) == ("completed", {"said": "Done."}), run.error
    asked = questions(bench, run.id)
    assert [each.title for each in asked] == ["Buyer wants to use HTTP request", "Boss: order", "Boss: report"]
    assert "A guardrail refused it: It has 3 words" in asked[2].instructions
    assert len(model_server.requests) == run.model_calls == 6
    assert sink.count("/three") == 1
    counted = Counter(bench.types(run.id))
    assert [counted[type_] for type_ in ONCE] == [4, 4, 1, 2, 1, 1]
    assert [each["handling"] for each in told(bench, run.id, "guardrail.refused")] == ["retry", "ask"]


def test_tasks_beside_each_other_may_both_ask(bench: Bench, model_server: ModelServer) -> None:
    tasks = [
        {"slug": "one", "agent": "Ann", "description": "First", "async_execution": True, "human_input": True},
        {"slug": "two", "agent": "Bob", "description": "Second", "async_execution": True, "human_input": True},
        {"slug": "join", "agent": "Ann", "description": "Join", "context": ["one", "two"]},
    ]
    make_crew(bench, model_server.base_url, {"Ann": {}, "Bob": {}}, tasks)
    model_server.answer("One.", when=mentions("Task: First"))
    model_server.answer("Two.", when=mentions("Task: Second"))
    run = bench.ran(TEAM)
    decisions = 0
    while run.status == "waiting":
        run, decisions = decided(bench, run), decisions + 1
    assert (run.status, decisions) == ("completed", 2), run.error
    assert {each.title: each.content for each in questions(bench, run.id)} == {"Ann: one": "One.", "Bob: two": "Two."}
    assert len(model_server.requests) == run.model_calls == 3
    assert Counter(bench.types(run.id))["agent.started"] == 3


def test_a_plan_is_paid_and_told_once(bench: Bench, model_server: ModelServer) -> None:
    tasks = [{"slug": "one", "agent": "Ann", "description": "First", "human_input": True}]
    make_crew(bench, model_server.base_url, {"Ann": {}}, tasks, planning=True)
    run = decided(bench, bench.ran(TEAM))
    assert (run.status, run.model_calls, len(model_server.requests)) == ("completed", 2, 2), run.error
    assert len(told(bench, run.id, "crew.planned")) == 1


def test_a_result_that_no_try_mends_fails_the_run_and_says_why(bench: Bench, model_server: ModelServer) -> None:
    guardrails = [{"kind": "cel", "expression": "result.words < 2"}]
    tasks = [{"slug": "one", "agent": "Ann", "description": "First", "guardrails": guardrails, "max_retries": 1}]
    make_crew(bench, model_server.base_url, {"Ann": {}}, tasks)
    model_server.always("Too many.")
    failed = bench.ran(TEAM)
    assert (failed.status, failed.error["code"], failed.error["node"]) == ("failed", "guardrail_failed", "team")
    assert "`result.words < 2` does not hold" in failed.error["message"]
    assert failed.model_calls == 2


def budget(bench: Bench, **fields: Any) -> Any:
    from agents.actions.budgets import create_budget

    with bench.inside():
        plain = {"name": "Small", "scope": "run", "period": "run", "unit": "tokens", "limit": Decimal(1)}
        return create_budget(actor=bench.user("owner"), **{**plain, **fields})


def test_an_exhausted_budget_stops_a_crew_before_the_call(bench: Bench, model_server: ModelServer) -> None:
    make_crew(bench, model_server.base_url, {"Ann": {}}, [{"slug": "one", "agent": "Ann", "description": "First"}])
    budget(bench)
    failed = bench.ran(TEAM)
    assert (failed.status, failed.error["code"]) == ("failed", "budget_exhausted")
    assert model_server.requests == []


def test_a_budget_that_asks_parks_the_crew_and_it_goes_on(bench: Bench, model_server: ModelServer) -> None:
    tasks = [{"slug": name, "agent": "Ann", "description": name} for name in ("one", "two")]
    make_crew(bench, model_server.base_url, {"Ann": {"max_tokens": 100}}, tasks)
    budget(bench, on_exceeding="ask", limit=Decimal(280))
    run = bench.ran(TEAM)
    assert (run.status, run.waiting_for, len(model_server.requests)) == ("waiting", "budget", 1), run.error
    bench.decide(run.id, "approve", role="owner")
    run = bench.advance(run.id)
    assert (run.status, run.model_calls, len(model_server.requests)) == ("completed", 2, 2), run.error
    assert Counter(bench.types(run.id))["agent.started"] == 2


def test_cancel_ends_a_crew_in_the_middle_of_a_tool(bench: Bench, model_server: ModelServer, sink: Sink) -> None:
    from tests.sink import Answer
    from workflows.actions.runs import cancel_run

    make_crew(
        bench, model_server.base_url, {"Ann": {"tools": orders(sink, "/slow")}},
        [{"slug": "one", "agent": "Ann", "description": "First"}],
    )  # fmt: skip
    sink.answer(Answer(hang_s=2))
    model_server.always(post(sink, "/slow"))
    run = bench.start(TEAM)
    at_work = threading.Thread(target=bench.advance, args=(run,))
    at_work.start()
    until(lambda: sink.count("/slow") == 1)
    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=bench.run(run))
    at_work.join(60)
    assert not at_work.is_alive()
    assert bench.run(run).status == "cancelled"
    assert (sink.count("/slow"), len(model_server.requests)) == (1, 1)


def test_a_paused_run_finishes_the_crew_that_is_at_work(bench: Bench, model_server: ModelServer) -> None:
    from workflows.actions.pauses import pause_run
    from workflows.actions.runs import resume_run

    make_crew(bench, model_server.base_url, {"Ann": {}}, [{"slug": "one", "agent": "Ann", "description": "First"}])
    model_server.answer(Text("Slowly.", wait_s=1.0))
    run = bench.start(TEAM)
    at_work = threading.Thread(target=bench.advance, args=(run,))
    at_work.start()
    until(lambda: len(model_server.requests) == 1)
    with bench.inside():
        pause_run(actor=bench.user("owner"), run=bench.run(run))
    at_work.join(60)
    assert (bench.run(run).status, bench.run(run).waiting_for) == ("waiting", "person")
    with bench.inside():
        resume_run(actor=bench.user("owner"), run=bench.run(run))
    done = bench.advance(run)
    assert (done.status, done.outputs, done.model_calls) == ("completed", {"said": "Slowly."}, 1)


def test_a_pause_takes_effect_between_two_calls_of_a_crew_and_nothing_is_paid_or_done_twice(
    bench: Bench, model_server: ModelServer, sink: Sink
) -> None:
    from tests.sink import Answer
    from workflows.actions.pauses import pause_run
    from workflows.actions.runs import resume_run

    tasks = [{"slug": name, "agent": "Ann", "description": name} for name in ("one", "two")]
    make_crew(bench, model_server.base_url, {"Ann": {"tools": orders(sink, "/pause")}}, tasks)
    model_server.answer(post(sink, "/pause"), "Ordered.", "Both done.")
    sink.answer(Answer(hang_s=1.0))
    run = bench.start(TEAM)
    at_work = threading.Thread(target=bench.advance, args=(run,))
    at_work.start()
    until(lambda: sink.count("/pause") == 1)
    with bench.inside():
        pause_run(actor=bench.user("owner"), run=bench.run(run))
    at_work.join(60)
    paused = bench.run(run)
    assert (paused.status, paused.waiting_for, len(model_server.requests)) == ("waiting", "person", 1)
    assert bench.advance(run).status == "waiting"
    with bench.inside():
        resume_run(actor=bench.user("owner"), run=paused)
    done = bench.advance(run)
    assert (done.status, done.outputs, done.model_calls) == ("completed", {"said": "Both done."}, 3), done.error
    assert (len(model_server.requests), sink.count("/pause")) == (3, 1)
    counted = Counter(bench.types(run))
    assert [counted[type_] for type_ in ONCE] == [2, 2, 0, 1, 1, 1]


def test_two_tenants_crews_in_one_process_never_meet(bench: Bench, model_server: ModelServer, sink: Sink) -> None:
    """The same slugs, the same moment, tools and tasks beside each other: each run has its own tenant's and nothing else."""
    slugs = ("acme", "globex")
    for slug in slugs:
        workers = {"Ann": {"tools": orders(sink, f"/{slug}")}, "Bob": {}}
        tasks = [
            {"slug": "one", "agent": "Ann", "description": f"Order for {slug}", "async_execution": True},
            {"slug": "two", "agent": "Bob", "description": f"Count for {slug}", "async_execution": True},
            {"slug": "join", "agent": "Bob", "description": f"Join for {slug}", "context": ["one", "two"]},
        ]
        make_crew(bench, model_server.base_url, workers, tasks, slug=slug)
        ordering = mentions(f"Order for {slug}")
        model_server.answer(post(sink, f"/{slug}"), Text(f"Ordered by {slug}.", wait_s=0.5), when=ordering)
        model_server.answer(Text(f"Counted by {slug}.", wait_s=0.5), when=mentions(f"Task: Count for {slug}"))
    runs = {slug: bench.start(TEAM, slug=slug) for slug in slugs}
    threads = [threading.Thread(target=bench.advance, args=(runs[slug],), kwargs={"slug": slug}) for slug in slugs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for slug, other in (slugs, slugs[::-1]):
        run = bench.run(runs[slug], slug=slug)
        assert (run.status, run.model_calls) == ("completed", 4), run.error
        everything = str([event.data for event in bench.events(run.id, slug=slug)]) + str(run.outputs)
        assert slug in everything
        assert other not in everything
        assert sink.count(f"/{slug}") == 1
    prompts = [request.text for request in model_server.requests]
    assert len(prompts) == 8
    assert not [text for text in prompts if "acme" in text and "globex" in text]


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)
