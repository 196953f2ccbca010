"""The tool node: what the tool gave is its result, once; a person may be asked; what does not fit is refused at save."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.tools import registry
from tests.definitions import Everything
from tests.integration.test_effects import effects
from tests.sink import Answer, Sink
from tests.toolbox import Echo
from tests.workbench import Bench, ask, definition, node, output
from workflows.actions.references import TenantReferences
from workflows.definitions import validate
from workflows.models import Approval
from workflows.nodes.base import Problem

CALCULATION = {"expression": {"template": "{{ 6 }} * 7"}}


def using(tool: str, arguments: Any = None, *after: Any, more: Any = None, **config: Any) -> dict[str, Any]:
    given = {"tool": tool, "arguments": arguments or {}, **config}
    end = node("end", "output", {"outputs": {"gave": {"cel": "nodes.use.result"}}})
    return definition([node("use", "tool", given, **(more or {})), *after, end])


def requesting(sink: Sink, method: str, *after: Any, more: Any = None, **config: Any) -> dict[str, Any]:
    arguments = {"url": {"template": sink.url("/orders")}, "method": {"template": method}, "json": {"cel": "{'n': 1}"}}
    settings = {"hosts": [sink.address], "methods": [method]}
    return using("http_request", arguments, *after, settings=settings, more=more, **config)


def told(bench: Bench, run: Any) -> list[str]:
    return [type_ for type_ in bench.types(run.id) if type_.startswith("tool.")]


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Echo:
    found = Echo()
    monkeypatch.setitem(registry._TOOLS, "echo", found)
    return found


def test_what_the_tool_gave_is_the_result(bench: Bench) -> None:
    run = bench.ran(using("calculator", CALCULATION))
    assert (run.status, run.outputs) == ("completed", {"gave": "42"})
    assert told(bench, run) == ["tool.called", "tool.returned"]
    assert run.model_calls == 0


def test_json_stays_json_and_is_not_cut(bench: Bench, sink: Sink) -> None:
    long = {"words": ["word"] * 10_000}
    sink.answer(Answer(body=json.dumps(long).encode()))
    run = bench.ran(requesting(sink, "PUT"))
    assert run.outputs["gave"]["json"] == long
    assert sink.requests[0].json == {"n": 1}
    [effect] = effects(bench, run.id)
    assert (effect.kind, effect.name, effect.about) == ("tool", "http_request", f"PUT {sink.url('/orders')}")


def test_arguments_that_do_not_fit_fail_the_step(bench: Bench, echo: Echo) -> None:
    run = bench.ran(using("echo", {"word": {"cel": "dyn(7)"}}))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "tool_arguments_invalid", "use")
    assert echo.heard == []
    assert told(bench, run) == ["tool.called", "tool.failed"]


def test_the_tools_own_error_fails_the_step_and_is_caught_by_its_edge(bench: Bench, echo: Echo) -> None:
    made = using("echo", {"word": {"template": "boom"}}, output("rescued", why="{{ nodes.use.error.message }}"))
    made["edges"] = [{"from": "use", "to": "end"}, {"from": "use", "to": "rescued", "when": "error"}]
    assert bench.ran(made).outputs == {"why": "The word is not allowed."}


def test_what_did_not_happen_is_done_when_the_step_is_tried_again(bench: Bench, sink: Sink) -> None:
    """An agent would read the first answer; a step's policy is asked instead."""
    sink.answer(Answer(status=503), Answer(status=200))
    run = bench.ran(requesting(sink, "PUT", more={"retry": {"attempts": 2, "backoff_s": 0}}))
    assert (run.status, sink.count()) == ("completed", 2)
    assert len(sink.keys()) == 1, "under the same key"


def test_a_run_that_goes_on_does_nothing_again(bench: Bench, sink: Sink) -> None:
    run = bench.ran(requesting(sink, "POST", ask("q")))
    bench.forget_checkpoints(run.id)
    bench.decide(run.id, "approve")
    assert (bench.advance(run.id).status, sink.count()) == ("completed", 1)
    assert told(bench, run) == ["tool.called", "tool.returned"]


def test_of_what_may_have_happened_a_person_says_what_it_gave(bench: Bench, sink: Sink) -> None:
    sink.answer(Answer(drop=True))
    run = bench.ran(requesting(sink, "POST"))
    assert (run.status, run.waiting_for) == ("waiting", "person")
    bench.decide(run.id, "happened", content='{"receipt": 7}')
    assert bench.advance(run.id).outputs == {"gave": {"receipt": 7}}
    assert sink.count() == 1


def test_a_person_lets_it_happen_changed(bench: Bench, sink: Sink) -> None:
    run = bench.ran(requesting(sink, "POST", approval="always"))
    assert (run.status, run.waiting_for, sink.count()) == ("waiting", "approval", 0)
    with bench.inside():
        assert bench.run(run.id).approvals.get().title == "The workflow wants to use HTTP request"
    bench.decide(run.id, "edit", content=json.dumps({"url": sink.url("/less"), "method": "POST"}))
    assert (bench.advance(run.id).status, sink.count("/less"), sink.count()) == ("completed", 1, 1)


def test_a_person_does_not_let_it_happen(bench: Bench, sink: Sink) -> None:
    run = bench.ran(requesting(sink, "POST", approval="always"))
    bench.decide(run.id, "reject", comment="Too dear.")
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["code"], sink.count()) == ("failed", "rejected", 0)
    assert "Too dear." in failed.error["message"]


@pytest.mark.parametrize(
    ("config", "field", "said"),
    [
        ({"tool": "hammer"}, "tool", "There is no tool 'hammer'."),
        ({"tool": "knowledge_search", "arguments": {"query": {"cel": "'x'"}}}, "tool", "works for an agent only"),
        ({"tool": "calculator"}, "arguments.expression", "needs this argument"),
        ({"tool": "calculator", "arguments": {**CALCULATION, "sum": {"cel": "1"}}}, "arguments.sum", "takes no"),
        ({"tool": "http_request", "arguments": {"url": {"cel": "'x'"}}}, "settings", "'hosts' is a required property"),
        ({"tool": "http_request", "settings": {"hosts": ["a b"]}}, "settings.hosts.0", "does not match"),
        ({"tool": "http_request", "settings": {"hosts": ["a.test"], "headers": {"Host": "b"}}}, "settings", "Host"),
        ({"tool": "run_workflow", "settings": {"workflow": "none"}}, "settings.workflow", "no workflow 'none'"),
        ({"tool": "calculator", "arguments": {"expression": {"cel": "inputs.sum"}}}, "arguments.expression.cel", "sum"),
        ({"tool": "calculator", "arguments": CALCULATION, "approval": "maybe"}, "approval", "maybe"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_saved(
    bench: Bench, config: dict[str, Any], field: str, said: str
) -> None:
    with bench.inside():
        found = validate(definition([node("use", "tool", config), output()]), TenantReferences())
    assert all(problem.node == "use" for problem in found)
    assert [problem for problem in found if problem.field == f"config.{field}" and said in problem.message], found


def test_a_workflow_of_globex_is_not_acmes_to_name(bench: Bench) -> None:
    slug = bench.workflow(definition([output()]), slug="globex", name="Secret").slug
    config = {"tool": "run_workflow", "settings": {"workflow": slug}, "arguments": {"inputs": {"cel": "{}"}}}
    made = definition([node("use", "tool", config), output()])
    assert problems(bench, made, "globex") == []
    assert [(p.code, p.field) for p in problems(bench, made, "acme")] == [
        ("unknown_workflow", "config.settings.workflow")
    ]


def problems(bench: Bench, made: dict[str, Any], slug: str) -> list[Problem]:
    with bench.inside(slug):
        return validate(made, TenantReferences())


def test_a_tool_that_the_platform_has_no_more_is_told_by_name(bench: Bench, echo: Echo) -> None:
    run = bench.start(using("echo", {"word": {"template": "x"}}))
    del registry._TOOLS["echo"]
    failed = bench.advance(run)
    assert (failed.status, failed.error["code"]) == ("failed", "tool_gone")
    assert validate(using("echo"), Everything()) == []


@pytest.mark.parametrize(
    "address", ["http://10.0.0.1/orders", "http://169.254.169.254/latest", "http://elsewhere.test/"]
)
def test_nobody_is_asked_about_what_would_be_refused_in_any_case(bench: Bench, address: str) -> None:
    arguments = {"url": {"template": address}, "method": {"template": "POST"}, "json": {"cel": "{'n': 1}"}}
    settings = {"hosts": ["10.0.0.1", "169.254.169.254"], "methods": ["POST"]}
    run = bench.ran(using("http_request", arguments, settings=settings, approval="always"))
    assert run.status == "failed"
    assert run.error["code"] in ("address_refused", "tool_arguments_invalid"), run.error
    with bench.inside():
        assert not Approval.objects.exists()


def test_a_person_is_asked_about_a_host_that_may_be_called(bench: Bench, sink: Sink) -> None:
    run = bench.ran(requesting(sink, "POST", approval="always"))
    assert (run.status, run.waiting_for) == ("waiting", "approval")
    assert sink.requests == []
