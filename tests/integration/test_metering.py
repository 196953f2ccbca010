"""Every model call has a row, and everything that is added up from calls is the sum of these rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.front_door import Door
from tests.integration.test_effects import resume
from tests.model_server import Cut, ModelServer, Status, Text
from tests.probe import probe
from tests.spending import budget, by, calls, connect, days, llm, total
from tests.teams import make_team
from tests.workbench import Bench, definition, node, output

SUMMED = ("tokens_in", "tokens_out", "cost_usd")


@pytest.fixture
def model(bench: Bench, model_server: ModelServer) -> ModelServer:
    connect(bench, model_server.base_url)
    return model_server


def test_a_call_has_a_row_that_says_everything(bench: Bench, model: ModelServer) -> None:
    model.answer(Text("one two three", cached=1, reasoning=5))
    run = bench.ran(definition([llm(), output()]))
    [call] = calls(bench)
    [step] = [step for step in bench.steps(run.id) if step.node == "ask"]
    [event] = [event.data for event in bench.events(run.id) if event.type == "model.called"]
    assert (call.run, call.step, call.node) == (run.id, step.id, "ask")
    assert (call.workflow, call.user) == ("test", str(run.started_by_id))
    assert (call.connection, call.model, call.outcome, call.error) == ("test", "scripted", "answered", "")
    for cached, reasoning in (
        (call.tokens_cached, call.tokens_reasoning),
        (event["tokens_cached"], event["tokens_reasoning"]),
    ):
        assert (cached, reasoning) == (1, 5)
    assert (call.tokens_in, call.tokens_out) == (event["tokens_in"], event["tokens_out"])
    assert call.tokens_in > call.tokens_cached
    assert call.tokens_out == 3 + call.tokens_reasoning
    assert float(call.cost_usd) == event["cost_usd"] == pytest.approx((call.tokens_in + 2 * call.tokens_out) / 1e6)
    assert 0 < call.first_token_s <= call.seconds
    assert (call.estimated, call.price_known) == (False, True)


def test_a_run_shows_over_the_api_and_on_its_page_what_its_calls_cost(bench: Bench, model: ModelServer) -> None:
    from nexod.admin.formats import usd

    door = Door(bench)
    try:
        run = bench.ran(definition([llm("a"), llm("b", "More"), output()]))
        found, shown, page = calls(bench), door.run(run.id)["totals"], door.page(run.id)
    finally:
        door.close()
    for name in SUMMED:
        assert shown[name] == total(found, name) > 0, name
    assert shown["model_calls"] == len(found) == 2
    assert usd(total(found, "cost_usd")) in page.replace("&lt;", "<")


def test_what_the_provider_does_not_count_is_estimated_and_says_so(bench: Bench, model: ModelServer) -> None:
    model.answer(Text("one two three", usage=False))
    bench.ran(definition([llm(), output()]))
    [call] = calls(bench)
    assert call.estimated
    assert call.tokens_out == 4  # thirteen characters


def test_a_model_of_unknown_price_costs_nothing_and_says_so(bench: Bench, model_server: ModelServer) -> None:
    connect(bench, model_server.base_url, price_in_usd=0, price_out_usd=0)
    run = bench.ran(definition([llm(), output()]))
    [call] = calls(bench)
    assert (run.status, call.price_known, float(call.cost_usd)) == ("completed", False, 0)
    assert [day.unpriced for day in days(bench)] == [1]


def test_a_failure_before_the_first_word_has_a_row_and_counts_as_no_call(bench: Bench, model: ModelServer) -> None:
    model.answer(Status(500), Text("fine"))
    run = bench.ran(definition([llm(), output()]))
    failed, answered = calls(bench)
    assert (failed.outcome, failed.error, failed.tokens_in) == ("failed", "model_unavailable", 0)
    assert answered.outcome == "answered"
    assert run.model_calls == 1 == bench.usage()["model_calls"]
    [day] = days(bench)
    assert (day.model_calls, day.failures) == (1, 1)


def test_a_stream_that_is_cut_is_paid_for(bench: Bench, model: ModelServer) -> None:
    model.answer(Cut("This was said before"), Text("fine"))
    run = bench.ran(definition([llm(), output()]))
    cut, answered = calls(bench)
    assert (cut.outcome, cut.error, cut.estimated) == ("cut", "model_stream_cut", True)
    assert cut.tokens_in > 0 < cut.tokens_out
    assert run.model_calls == 2
    assert run.tokens_out == cut.tokens_out + answered.tokens_out


def test_an_answer_that_is_replayed_is_no_call(bench: Bench, model: ModelServer, probes: dict[str, Any]) -> None:
    from nexod.kernel.errors import InvalidInput

    def breaks(call: Any) -> None:
        from agents.llm.connections import endpoint_for
        from agents.llm.gateway import Gateway
        from nexod.kernel import run_port
        from nexod.kernel.run_port import NotPerformed, SideEffect

        Gateway(endpoint_for()).chat([{"role": "user", "content": "Hello?"}])

        def refused(key: str) -> None:
            raise NotPerformed(InvalidInput("Out of order."))

        run_port.performed(SideEffect("tool", "Post", 1, idempotent=False), refused)

    probes["breaks"] = breaks
    run = bench.ran(definition([probe("a", "breaks"), output()]))
    assert resume(bench, run.id).status == "failed"
    assert len(calls(bench)) == 1 == len(model.requests)


def test_every_sum_is_the_sum_of_its_calls(bench: Bench, model_server: ModelServer) -> None:
    """A crew and a workflow, with a failure, a retry, a fallback, a cut stream and a run that fails in the end."""
    from agents.actions.agents import create_agent
    from agents.actions.connections import create_connection

    make_team(bench, model_server.base_url)
    with bench.inside():
        owner = bench.user("owner")
        paid = {"base_url": model_server.base_url, "price_in_usd": 3, "price_out_usd": 7}
        for name, models in (("Dear", ["dear"]), ("Cheap", ["cheap"])):
            create_connection(actor=owner, name=name, model_names=models, **paid)
        create_agent(
            actor=owner, name="Chooser", role="Chooser", goal="g", connection=_connection("dear"),
            fallbacks=[{"connection": "cheap", "model": "cheap"}],
        )  # fmt: skip
    model_server.answer(*[Status(503)] * 3, when=lambda request: request.body["model"] == "dear")
    model_server.answer(Cut("Half an answer and"), Status(429, retry_after=0), when=lambda r: "Scribe" in r.last)
    model_server.answer(Text("one two three", cached=2, reasoning=5), when=lambda r: "Good" in r.last)
    model_server.answer(*[Status(500)] * 9, when=lambda request: "Doomed" in request.last)
    runs = [
        bench.ran(definition([node("team", "crew", {"crew": "team"}), llm("more", "Scribe"), output()])),
        bench.ran(definition([node("choose", "agent", {"agent": "chooser", "prompt": "Hm?"}), output()], name="B")),
        bench.ran(definition([llm("fine", "Good"), llm("doomed", "Doomed"), output()], name="C")),
    ]
    assert [run.status for run in runs] == ["completed", "completed", "failed"], [run.error for run in runs]
    found = calls(bench)
    assert {call.outcome for call in found} == {"answered", "cut", "failed"}
    assert {call.agent for call in found} == {"", "finder", "writer", "chooser"}
    assert {call.model for call in found} == {"scripted", "dear", "cheap"}
    _assert_runs(bench, runs, found)
    _assert_days(bench, found)
    usage = bench.usage()
    for name in (*SUMMED, "tokens_cached", "tokens_reasoning"):
        assert usage[name] == total(found, name) > 0, name
    assert usage["model_calls"] == _counted(found) == sum(run.model_calls for run in runs)
    assert bench.usage("globex") == {}
    assert calls(bench, "globex") == []


def _connection(slug: str) -> Any:
    from agents.models import ModelConnection

    return ModelConnection.objects.get(slug=slug)


def _counted(found: list[Any]) -> int:
    return sum(call.outcome in ("answered", "cut") for call in found)


def _assert_runs(bench: Bench, runs: list[Any], found: list[Any]) -> None:
    for run in runs:
        own = [call for call in found if call.run == run.id]
        events = [event.data for event in bench.events(run.id) if event.type == "model.called"]
        assert sum(call.outcome == "answered" for call in own) == len(events)
        for step in bench.steps(run.id):
            mine = [call for call in own if call.step == step.id]
            assert step.model_calls == _counted(mine)
            for name in SUMMED:
                assert float(getattr(step, name)) == total(mine, name), (step.node, name)
        for name in SUMMED:
            assert float(getattr(run, name)) == total(own, name), name
        assert run.model_calls == _counted(own)


def _assert_days(bench: Bench, found: list[Any]) -> None:
    sums = days(bench)
    for key in ("agent", "workflow", "user", "connection", "model"):
        of_days, of_calls = by(sums, key), by(found, key)
        assert of_days.keys() == of_calls.keys()
        for value, rows in of_days.items():
            mine = of_calls[value]
            for name in (*SUMMED, "tokens_cached", "tokens_reasoning"):
                assert total(rows, name) == total(mine, name), (key, value, name)
            assert total(rows, "model_calls") == _counted(mine)
            assert total(rows, "failures") == sum(bool(call.error) for call in mine)


def test_a_call_is_paid_for_in_two_statements_and_one_commit(
    bench: Bench, model: ModelServer, probes: dict[str, Any]
) -> None:
    asked: list[str] = []

    def talks(call: Any) -> None:
        from agents.llm.connections import endpoint_for
        from agents.llm.gateway import Gateway

        gateway = Gateway(endpoint_for())
        with CaptureQueriesContext(connection) as captured:
            gateway.chat([{"role": "user", "content": "Hello?"}])
        asked.extend(query["sql"] for query in captured.captured_queries)

    probes["talks"] = talks
    bench.ran(definition([probe("a", "talks"), output()]))
    [paid] = [number for number, sql in enumerate(asked) if "agents_modelcall" in sql]
    for part in ("workflows_effect", "agents_usageday", "agents_budgetwindow", "workflows_step", "model.called"):
        assert part in asked[paid], part
    assert "doors.add_usage" in asked[paid + 1]
    assert [sql.split()[0] for sql in (asked[paid - 1], asked[paid + 2])] == ["BEGIN", "COMMIT"]
    before = [sql for sql in asked[:paid] if not sql.startswith("SET")]
    assert len(before) <= 3, "whether there are budgets at all, whose call it is, and the transaction's beginning"


def test_what_happens_outside_of_runs_asks_no_model(
    bench: Bench, model_server: ModelServer, settings: Any, tmp_path: Any
) -> None:
    """A connection is tested by its list of models, and documents are embedded here: there is nothing to be paid for."""
    from django.core.files.base import ContentFile

    from agents.actions.connections import try_connection
    from agents.actions.documents import upload_document
    from agents.actions.ingestion import ingest_document
    from agents.actions.knowledge import create_knowledge_base

    settings.MEDIA_ROOT = tmp_path
    connect(bench, model_server.base_url)
    budget(bench, limit=0)
    with bench.inside():
        owner = bench.user("owner")
        assert try_connection(actor=owner, connection=_connection("test")).ok
        base = create_knowledge_base(actor=owner, name="Tea")
        file = ContentFile(b"Tea is made of leaves. " * 50, name="tea.txt")
        document, _ = upload_document(actor=owner, knowledge_base=base, name="tea.txt", file=file)
        ingest_document(document_id=document.pk)
        document.refresh_from_db()
    assert document.status == "ready"
    assert model_server.requests == []
    assert calls(bench) == []
    assert not {"tokens_in", "model_calls", "cost_usd"} & bench.usage().keys()
