"""What a person is asked, and which way each answer takes."""

from __future__ import annotations

import pytest

from tests.definitions import APPROVED, Call
from workflows.nodes.base import Answer
from workflows.nodes.errors import RejectedByPerson
from workflows.nodes.registry import get

CONFIG = {
    "title": "Publish\n{{ inputs.topic }}?",
    "content": "# {{ inputs.topic }}",
    "instructions": "Read {{ inputs.topic }}.",
    "max_changes": 2,
}
VALUES = {"inputs": {"topic": "tea"}, "nodes": {}, "visits": {}, "run": {}}


def call(answer=APPROVED, routes=(), visit=1, **config):
    return Call({**CONFIG, **config}, VALUES, frozenset(routes), visit, answer)


def run(answer, routes=()):
    return get("approval").run(call(answer, routes))


def asked(**options):
    made = call(**options)
    get("approval").run(made)
    return made.asked[0]


def test_the_question_is_rendered():
    question = asked(roles=["editor"])
    assert (question.title, question.content, question.instructions) == ("Publish tea?", "# tea", "Read tea.")
    assert question.roles == ("editor",)


def test_owners_admins_and_approvers_decide_when_nothing_is_said():
    assert asked().roles == ("owner", "admin", "approver")


def test_changes_can_be_requested_only_where_a_route_leads_back_and_not_for_ever():
    routes = ("approve", "request_changes")
    assert "request_changes" not in asked().decisions
    assert "request_changes" in asked(routes=routes, visit=2).decisions
    assert "request_changes" not in asked(routes=routes, visit=3).decisions


def test_an_approval_goes_on_with_what_was_shown():
    result = run(Answer("approve", comment="fine", actor="ann"))
    assert result.output == {"decision": "approve", "comment": "fine", "content": "# tea", "actor": "ann"}
    assert result.route == ""


def test_an_edit_is_an_approval_of_other_words():
    result = run(Answer("edit", content="# coffee", actor="ann"), routes=("approve",))
    assert (result.output["content"], result.route) == ("# coffee", "approve")


@pytest.mark.parametrize("decision", ["approve", "reject", "request_changes"])
def test_with_labels_each_decision_takes_its_route(decision):
    assert run(Answer(decision), routes=("approve", "reject", "request_changes")).route == decision


@pytest.mark.parametrize("routes", [(), ("approve",)])
def test_a_rejection_without_a_route_fails_and_says_who_and_why(routes):
    with pytest.raises(RejectedByPerson, match=r"ann rejected the result, .*: not true") as caught:
        run(Answer("reject", comment="not true", actor="ann"), routes)
    assert caught.value.code == "rejected"
