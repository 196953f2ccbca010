"""A draft is tried: a run as any other, in which pinned steps are not executed but give what they were told."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from nexod.kernel.errors import InvalidInput, NexodError, PermissionDenied
from tenants.accounts.models import User
from tests.workbench import Bench, ask, choose, definition, node, output, text
from workflows.actions.tries import try_workflow
from workflows.actions.workflows import save_draft
from workflows.models import Run

URL = "http://127.0.0.1:9/never-answers"


def drafted(bench: Bench, document: dict[str, Any]) -> Any:
    """Publish something that works, and make ``document`` the draft."""
    flow = bench.workflow(definition([text("old", "published"), output(text="{{ nodes.old.text }}")]))
    with bench.inside():
        save_draft(actor=bench.user(), workflow=flow, definition=document)
    return flow


def tried(bench: Bench, flow: Any, *, role: str = "editor", **given: Any) -> Run:
    with bench.inside():
        run = try_workflow(actor=bench.user(role), workflow=flow, inputs={}, **given)
    bench.advance(run.id)
    return bench.run(run.id)


def test_the_draft_is_run_and_not_what_is_published(bench):
    flow = drafted(bench, definition([text("new", "drafted"), output(text="{{ nodes.new.text }}")]))
    run = tried(bench, flow)
    assert (run.status, run.outputs, run.is_try, run.version) == ("completed", {"text": "drafted"}, True, None)


def test_a_pinned_step_is_not_executed(bench):
    call = node("call", "http", {"url": URL})
    flow = drafted(bench, definition([call, output(text="{{ nodes.call.body }}")]))
    pin = {"call": {"output": {"status": 200, "headers": {}, "body": "as told", "json": None}}}
    run = tried(bench, flow, pins=pin)
    assert (run.status, run.outputs) == ("completed", {"text": "as told"})
    step = bench.steps(run.id)[0]
    assert (step.node, step.output["body"], step.summary) == ("call", "as told", "pinned, not executed")
    assert tried(bench, flow).status == "failed"


def test_a_pinned_question_is_not_asked(bench):
    flow = drafted(bench, definition([ask("sure"), output(text="{{ nodes.sure.decision }}")]))
    assert tried(bench, flow).status == "waiting"
    answer = {"decision": "approve", "comment": "", "content": "Good?", "actor": "somebody"}
    assert tried(bench, flow, pins={"sure": {"output": answer}}).outputs == {"text": "approve"}


def test_a_pinned_choice_is_left_by_the_route_that_was_said(bench):
    nodes = [choose("which", "low", high="false"), text("up"), text("down"), output()]
    document = definition(nodes, ["which up high", "which down low", "up end", "down end"])
    flow = drafted(bench, document)
    run = tried(bench, flow, pins={"which": {"output": {"route": "high"}}})
    assert [step.node for step in bench.steps(run.id)] == ["which", "up", "end"]


def test_what_was_pinned_is_not_undone(bench):
    first = {**text("first"), "undo": "back"}
    document = definition([first, text("back", "undone"), node("bad", "http", {"url": URL}), output()],
                          ["first bad", "bad end"])  # fmt: skip
    flow = drafted(bench, document)
    run = tried(bench, flow)
    assert "back" in [step.node for step in bench.steps(run.id)]
    run = tried(bench, flow, pins={"first": {"output": {"text": "x"}}})
    assert (run.status, run.compensation) == ("failed", None)


@pytest.mark.parametrize(
    "pins",
    [
        {"nobody": {"output": {}}},
        {"which": {"output": {}}},
        {"which": {"output": {}, "route": "sideways"}},
        {"up": {"output": {}, "route": "high"}},
        {"up": {"output": "text"}},
        {"up": "text"},
        {"up": {"output": {"text": "a"}, "more": 1}},
        {"up": {"output": {"text": 5}}},
        {"up": {"output": {"text": "a", "words": 1}}},
        {"which": {"output": {"route": 5}, "route": "low"}},
        {"make": {"output": {"line": 5, "sum": 2}}},
    ],
)
def test_a_pin_that_cannot_be_is_named(bench, pins):
    made = node("make", "transform", {"values": {"line": {"template": "a"}, "sum": {"cel": "1 + 1"}}})
    nodes = [choose("which", "low", high="false"), text("up"), text("down"), made, output()]
    flow = drafted(bench, definition(nodes, ["which up high", "which down low", "up make", "make end", "down end"]))
    with pytest.raises(InvalidInput) as refused:
        tried(bench, flow, pins=pins)
    assert refused.value.details[0]["field"] == f"pins.{next(iter(pins))}"


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_not_change_a_workflow_tries_no_draft(bench, role):
    flow = drafted(bench, definition([text("new"), output()]))
    with pytest.raises(PermissionDenied):
        tried(bench, flow, role=role)


@pytest.mark.parametrize("lacking", ["change_workflow", "run_workflow"])
def test_a_try_takes_the_permission_to_change_and_the_one_to_run(bench, lacking):
    """No role of ours has one without the other; a tenant's own group may."""
    flow = drafted(bench, definition([text("new"), output()]))
    with bench.inside():
        person = bench.user("viewer")
        allowed = {"change_workflow", "run_workflow"} - {lacking}
        person.user_permissions.set(
            Permission.objects.filter(codename__in=allowed, content_type__app_label="workflows")
        )
        person = User.objects.get(pk=person.pk)
        assert person.has_perm(f"workflows.{allowed.copy().pop()}")
        with pytest.raises(PermissionDenied):
            try_workflow(actor=person, workflow=flow, inputs={}, pins={})
        assert not Run.objects.exists()


def test_another_tenant_tries_nothing_here(bench):
    flow = drafted(bench, definition([text("new"), output()]))
    with bench.inside("globex"), pytest.raises(NexodError):
        try_workflow(actor=bench.user(slug="globex"), workflow=flow, inputs={})
    with bench.inside("globex"):
        assert not Run.objects.exists()
