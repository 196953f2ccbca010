"""Tools that are asked about by rules: under a condition, the first time only; what was allowed is seen and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agents.models import Agent, ToolPermission
from tests.agents import make_agent, ran_agent
from tests.integration.test_agent_loop import asks
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.sink import Sink
from tests.workbench import Bench

__all__ = ["model"]
Json = dict[str, Any]


@pytest.fixture
def sink(settings: Any, model: ModelServer) -> Iterator[Sink]:
    with Sink() as found:
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, found.address]
        yield found


def http(sink: Sink, approval: Any) -> Json:
    return {"tool": "http_request", "settings": {"hosts": [sink.address], "methods": ["POST"]}, "approval": approval}


def uses(bench: Bench, model: ModelServer, sink: Sink, agent: Any, amount: Any) -> Any:
    """Return the run of an agent that posts the amount, as it stands when its worker leaves it."""
    model.answer(asks("http_request", url=sink.url("/pay"), json={"amount": amount}), "Done.")
    return ran_agent(bench, agent)


def permissions(bench: Bench, slug: str = "acme") -> list[ToolPermission]:
    with bench.inside(slug):
        return list(ToolPermission.objects.select_related("allowed_by"))


@pytest.mark.parametrize(
    ("condition", "amount", "asked"),
    [
        ("arguments.json.amount > 100", 99, False),
        ("arguments.json.amount > 100", 101, True),
        ("arguments.json.amount > 100", "a lot", True),  # cannot be compared: asked
        ("arguments.json.sum > 100", 1, True),  # is not there: asked
        ("arguments.json.amount", 1, True),  # neither true nor false: asked
    ],
)
def test_a_condition_says_when_to_ask_and_one_that_fails_asks(bench, model, sink, condition, amount, asked):
    agent = make_agent(bench, tools=[http(sink, {"ask": "when", "condition": condition})])
    run = uses(bench, model, sink, agent, amount)
    assert (run.status, len(sink.requests)) == (("waiting", 0) if asked else ("completed", 1)), run.error
    if asked:
        bench.decide(run.id, "approve")
        assert bench.advance(run.id).status == "completed"
    assert len(sink.requests) == 1


def test_the_first_time_only(bench, model, sink):
    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    assert first.status == "waiting"
    bench.decide(first.id, "approve")
    assert bench.advance(first.id).status == "completed"
    [kept] = permissions(bench)
    assert (kept.allowed_by.email, kept.arguments["json"], kept.run) == (
        bench.user("approver").email,
        {"amount": 5},
        first.id,
    )
    assert uses(bench, model, sink, agent, 5).status == "completed", "the same is not asked again"
    assert uses(bench, model, sink, agent, 6).status == "waiting", "another amount was not allowed"
    assert len(sink.requests) == 2


def test_the_first_time_of_a_tool_with_whatever_arguments(bench, model, sink):
    agent = make_agent(bench, tools=[http(sink, {"ask": "first", "per": "tool"})])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "approve")
    bench.advance(first.id)
    assert permissions(bench)[0].arguments is None
    assert uses(bench, model, sink, agent, 6).status == "completed"


def test_an_edit_allows_what_it_says_and_not_every_use(bench, model, sink):
    agent = make_agent(bench, tools=[http(sink, {"ask": "first", "per": "tool"})])
    first = uses(bench, model, sink, agent, 500)
    bench.decide(first.id, "edit", content=f'{{"url": "{sink.url("/pay")}", "json": {{"amount": 1}}}}')
    assert bench.advance(first.id).status == "completed"
    assert permissions(bench) == []
    assert uses(bench, model, sink, agent, 1).status == "waiting"


def test_an_edit_of_exact_arguments_is_remembered_as_it_was_let_through(bench, model, sink):
    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 500)
    bench.decide(first.id, "edit", content=f'{{"url": "{sink.url("/pay")}", "json": {{"amount": 1}}}}')
    bench.advance(first.id)
    assert [kept.arguments["json"] for kept in permissions(bench)] == [{"amount": 1}]
    assert uses(bench, model, sink, agent, 500).status == "waiting"


def test_what_was_rejected_is_not_remembered(bench, model, sink):
    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "reject")
    bench.advance(first.id)
    assert (permissions(bench), sink.requests) == ([], [])
    assert uses(bench, model, sink, agent, 5).status == "waiting"


def test_taken_back_it_is_asked_again_also_when_a_step_begins_again(bench, model, sink):
    from agents.actions.tool_permissions import remember_permission, revoke_permission

    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "approve")
    bench.advance(first.id)
    [kept] = permissions(bench)
    with bench.inside():
        revoke_permission(actor=bench.user(), permission=kept)
        again = revoke_permission(actor=bench.user("editor"), permission=kept)
        assert again.revoked_by == bench.user(), "the first who took it back did"
        from agents.rows import agent_spec

        bound = agent_spec(agent.slug).tools[0]
        given = {"agent": agent.slug, "run": str(kept.run), "step": str(kept.step), "call": kept.call}
        remember_permission(bound, kept.arguments, **given, by=str(bench.user().pk))
    assert [row.revoked_at is not None for row in permissions(bench)] == [True]
    assert uses(bench, model, sink, agent, 5).status == "waiting"


def test_of_what_was_done_nobody_is_asked_again_when_it_is_taken_back_and_the_step_begins_again(bench, model, sink):
    from agents.actions.tool_permissions import revoke_permission
    from workflows.models import Approval

    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "approve")
    bench.advance(first.id)
    model.answer(asks("http_request", url=sink.url("/pay"), json={"amount": 5}))
    second = uses(bench, model, sink, agent, 6)
    assert (second.status, len(sink.requests)) == ("waiting", 2), "5 was allowed before, 6 is asked about"
    with bench.inside():
        revoke_permission(actor=bench.user(), permission=permissions(bench)[0])
    bench.decide(second.id, "approve")
    assert bench.advance(second.id).status == "completed"
    with bench.inside():
        assert Approval.objects.filter(run=second.id).count() == 1
    assert len(sink.requests) == 3
    assert uses(bench, model, sink, agent, 5).status == "waiting", "the next run is asked about it"


@pytest.mark.parametrize("change", ["settings", "rule"])
def test_other_settings_or_another_rule_are_asked_about_anew(bench, model, sink, change):
    from agents.actions.agents import update_agent

    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "approve")
    bench.advance(first.id)
    tool = http(sink, "first") if change == "settings" else http(sink, {"ask": "first", "policy": {"quorum": 1}})
    if change == "settings":
        tool["settings"]["purpose"] = "Pays"
    with bench.inside():
        agent = update_agent(actor=bench.user("owner"), agent=Agent.objects.get(pk=agent.pk), tools=[tool])
    assert uses(bench, model, sink, agent, 5).status == "waiting"


def test_another_agent_and_another_tenant_are_not_let_in(bench, model, sink):
    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "approve")
    bench.advance(first.id)
    with bench.inside():
        other = make_other(bench, sink, "acme")
    assert uses(bench, model, sink, other, 5).status == "waiting"
    assert permissions(bench, "globex") == []
    with bench.inside("globex"):
        from agents.actions.tool_permissions import is_permitted

        make_other(bench, sink, "globex", slug=agent.slug)
        assert not is_permitted(agent.slug, permissions(bench)[0].digest)
    with bench.inside():
        assert is_permitted(agent.slug, permissions(bench)[0].digest)


def make_other(bench: Bench, sink: Sink, tenant: str, slug: str = "other") -> Any:
    from agents.actions.agents import create_agent

    fields = {"name": "Other", "role": "Soloist", "goal": "play", "slug": slug}
    return create_agent(actor=bench.user("owner", tenant), tools=[http(sink, "first")], **fields)


def test_an_agent_made_anew_under_the_same_slug_has_no_permissions(bench, model, sink):
    from agents.actions.agents import delete_agent

    agent = make_agent(bench, tools=[http(sink, "first")])
    first = uses(bench, model, sink, agent, 5)
    bench.decide(first.id, "approve")
    bench.advance(first.id)
    with bench.inside():
        delete_agent(actor=bench.user("owner"), agent=Agent.objects.get(pk=agent.pk))
    agent = make_agent(bench, tools=[http(sink, "first")])
    assert uses(bench, model, sink, agent, 5).status == "waiting"


def test_what_time_alone_allowed_is_not_remembered(bench, model, sink):
    from tests.integration.test_approval_times import later, swept

    rule = {"ask": "first", "policy": {"due": {"after": "1h", "on_timeout": "approve"}}}
    agent = make_agent(bench, tools=[http(sink, rule)])
    first = uses(bench, model, sink, agent, 5)
    later(bench, first.id, 3_601)
    swept(bench)
    assert bench.advance(first.id).status == "completed"
    assert (len(sink.requests), permissions(bench)) == (1, [])
    assert uses(bench, model, sink, agent, 5).status == "waiting"


def test_a_tool_is_asked_about_by_its_own_policy(bench, model, sink):
    from nexod.kernel.errors import PermissionDenied

    rule = {"ask": "always", "policy": {"who": {"roles": ["owner"]}}}
    agent = make_agent(bench, tools=[http(sink, rule)])
    run = uses(bench, model, sink, agent, 5)
    with pytest.raises(PermissionDenied):
        bench.decide(run.id, "approve", role="approver")
    bench.decide(run.id, "approve", role="owner")
    assert bench.advance(run.id).status == "completed"


@pytest.mark.parametrize(("per", "said"), [("arguments", "exactly this again"), ("tool", "whatever arguments")])
def test_whoever_is_asked_is_told_what_is_remembered(bench, model, sink, per, said):
    agent = make_agent(bench, tools=[http(sink, {"ask": "first", "per": per})])
    run = uses(bench, model, sink, agent, 5)
    with bench.inside():
        assert said in run.approvals.get().instructions
