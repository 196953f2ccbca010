"""Crews ask by the same policies as nodes: votes, changes that go back to the agent, separation, and what an edit has to fit."""

from __future__ import annotations

import pytest

from nexod.kernel.errors import InvalidInput
from tests.model_server import ModelServer
from tests.panel import Json, Panel, panel, users
from tests.teams import DOCUMENT, make_team
from tests.workbench import Bench

__all__ = ["panel"]


def team(bench: Bench, server: ModelServer, policy: Json, **more: object) -> None:
    """Make the crew, whose first task asks by the policy."""
    from agents.actions.crews import update_crew
    from agents.models import Crew

    make_team(bench, server.base_url, asks=["find"], **more)
    with bench.inside():
        crew = Crew.objects.get(slug="team")
        kept = ("slug", "description", "expected_output", "agent", "output_schema", "human_input")
        tasks = [{name: getattr(task, name) for name in kept} for task in crew.tasks.order_by("order")]
        tasks[1]["context"] = ["find"]
        update_crew(actor=bench.user("owner"), crew=crew, tasks=[{**tasks[0], "policy": policy}, tasks[1]])


def test_several_vote_on_a_task_and_its_agent_hears_what_should_change(
    bench: Bench, panel: Panel, model_server: ModelServer
) -> None:
    team(bench, model_server, users("ann", "ben", quorum=2))
    model_server.answer("Facts.", "More facts.", "Text.")
    run = bench.ran(DOCUMENT).id
    assert panel.refused(run, "owner") == "not_asked"
    panel.decide(run, "ann")
    panel.decide(run, "ben", "request_changes", comment="Say more.")
    assert bench.advance(run).status == "waiting"
    assert "Say more." in model_server.requests[1].text
    with bench.inside():
        again = panel.asked(run)
        assert (again.subject, again.proposal, again.previous.proposal) == ("task", "More facts.", "Facts.")
    for name in ("ann", "ben"):
        panel.decide(run, name)
    done = bench.advance(run)
    assert (done.status, done.outputs) == ("completed", {"said": "Text.", "found": "More facts."}), done.error
    assert len(model_server.requests) == 3


def test_a_vote_is_not_asked_for_again_when_the_worker_dies_between(
    bench: Bench, panel: Panel, model_server: ModelServer
) -> None:
    team(bench, model_server, users("ann", "ben", quorum=2))
    run = bench.ran(DOCUMENT).id
    panel.decide(run, "ann")
    bench.forget_checkpoints(run)
    panel.decide(run, "ben")
    assert bench.advance(run).status == "completed"
    assert bench.types(run).count("approval.requested") == 1


def test_the_policy_of_a_task_is_checked_when_the_crew_is_saved(
    bench: Bench, panel: Panel, model_server: ModelServer
) -> None:
    with pytest.raises(InvalidInput) as refused:
        team(bench, model_server, {"who": {"groups": ["Nobody's"]}})
    assert refused.value.details[0]["field"] == "tasks.0.policy.who.groups.0"


def test_a_group_of_another_workspace_is_unknown_here(bench: Bench, panel: Panel, model_server: ModelServer) -> None:
    panel.group("Theirs", "ann", slug="globex")
    with pytest.raises(InvalidInput):
        team(bench, model_server, {"who": {"groups": ["Theirs"]}})
