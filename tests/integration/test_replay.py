"""Model calls that were paid for are not paid for again: what was answered is replayed when the step begins again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nexod.kernel import run_port
from nexod.kernel.errors import InvalidInput, Unavailable
from nexod.kernel.run_port import NotPerformed, SideEffect
from tests.integration.test_effects import effects, resume
from tests.integration.test_runs_models import llm, model
from tests.model_server import ModelServer, Status, Text
from tests.probe import probe
from tests.workbench import Bench, definition, output

__all__ = ["model"]
Probes = dict[str, Callable[[Any], Any]]
SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


class Talk:
    """A step that asks a model several questions, and then does something outside, which may be out of order."""

    def __init__(self, *questions: str) -> None:
        self.questions = questions
        self.broken = True
        self.heard: list[list[str]] = []

    def __call__(self, call: Any) -> Any:
        from agents.llm.connections import endpoint_for
        from agents.llm.gateway import Gateway

        gateway = Gateway(endpoint_for())
        self.heard.append([])
        for question in self.questions:
            self.heard[-1].append(gateway.chat([{"role": "user", "content": question}]).text)
        run_port.performed(SideEffect("tool", "Post", 1, idempotent=False), self.post)
        return self.heard[-1]

    def post(self, key: str) -> int:
        if self.broken:
            raise NotPerformed(InvalidInput("Out of order."))
        return 1


def ran(bench: Bench, probes: Probes, talk: Talk) -> Any:
    probes["talks"] = talk
    return bench.ran(definition([probe("talk", "talks"), output()]))


def repaired(bench: Bench, run: UUID, talk: Talk) -> Any:
    talk.broken = False
    return resume(bench, run)


def test_what_was_answered_before_a_failure_is_not_asked_again(
    bench: Bench, model: ModelServer, probes: Probes
) -> None:
    model.answer("one", "two")
    talk = Talk("first?", "second?")
    run = ran(bench, probes, talk)
    assert run.status == "failed"
    done = repaired(bench, run.id, talk)
    assert done.status == "completed", done.error
    assert talk.heard == [["one", "two"]] * 2
    assert len(model.requests) == 2
    assert (done.model_calls, bench.types(run.id).count("model.called")) == (2, 2)
    assert bench.usage()["model_calls"] == 2
    assert (done.tokens_in, done.tokens_out) == (run.tokens_in, run.tokens_out)


def test_answers_are_in_the_ledger_of_their_tenant(bench: Bench, model: ModelServer) -> None:
    model.answer("The moon pulls.")
    run = bench.ran(definition([llm(), output()]))
    [effect] = effects(bench, run.id)
    assert (effect.kind, effect.name, effect.status, effect.idempotent) == ("model", "scripted", "done", True)
    assert effect.result["text"] == "The moon pulls."
    assert effects(bench, run.id, slug="globex") == []


def test_the_same_question_again_is_another_call(bench: Bench, model: ModelServer, probes: Probes) -> None:
    model.answer("one", "two", "three")
    talk = Talk("same?", "same?", "same?")
    run = ran(bench, probes, talk)
    repaired(bench, run.id, talk)
    assert talk.heard == [["one", "two", "three"]] * 2
    assert len(model.requests) == 3


def test_a_changed_question_is_asked(bench: Bench, model: ModelServer, probes: Probes) -> None:
    talk = Talk("first?", "second?")
    run = ran(bench, probes, talk)
    talk.questions = ("first?", "another?")
    repaired(bench, run.id, talk)
    assert [request.last for request in model.requests] == ["first?", "second?", "another?"]


def test_a_call_that_failed_is_made_again_and_those_before_it_are_not(
    bench: Bench, model: ModelServer, probes: Probes
) -> None:
    model.answer("one", *[Status(500)] * 3, "two")
    talk = Talk("first?", "second?")
    talk.broken = False
    run = ran(bench, probes, talk)
    assert run.error["code"] == "model_unavailable"
    assert repaired(bench, run.id, talk).status == "completed"
    assert [request.last for request in model.requests] == ["first?", *["second?"] * 4]


def test_two_runs_share_nothing(bench: Bench, model: ModelServer, probes: Probes) -> None:
    talk = Talk("first?")
    talk.broken = False
    for _ in range(2):
        assert ran(bench, probes, talk).status == "completed"
    assert len(model.requests) == 2


def test_a_bad_answer_is_not_replayed_for_ever(bench: Bench, model: ModelServer) -> None:
    """The step fails over what the model said, so the next try asks anew."""
    bad = Text("no score")
    model.answer(bad, bad, bad, Text('{"score": 7}'))
    asks = llm(output_schema=SCORE, more={"retry": {"attempts": 3, "backoff_s": 0}})
    run = bench.ran(definition([asks, output(said="{{ nodes.ask.data.score }}")]))
    assert (run.status, run.outputs) == ("completed", {"said": "7"}), run.error
    assert len(model.requests) == 4
    assert run.model_calls == 4


def test_a_resumed_run_does_not_replay_the_answer_that_it_failed_over(bench: Bench, model: ModelServer) -> None:
    bad = Text("no score")
    model.answer(bad, bad, Text('{"score": 7}'))
    run = bench.ran(definition([llm(output_schema=SCORE), output(said="{{ nodes.ask.data.score }}")]))
    assert run.error["code"] == "output_invalid"
    assert resume(bench, run.id).outputs == {"said": "7"}


def test_an_answer_that_comes_too_late_is_paid_once(bench: Bench, model: ModelServer, probes: Probes) -> None:
    """The step's time is over before the model has answered; the next try finds the answer."""
    from agents.llm.attempt import Attempt

    heard: list[str] = []

    def talks(call: Any) -> str:
        from agents.llm.connections import endpoint_for
        from agents.llm.endpoint import Ask
        from agents.llm.metering import record_answer
        from agents.llm.recall import recalled, reply_in

        ask, endpoint = Ask(({"role": "user", "content": "first?"},)), endpoint_for()
        recall = recalled(endpoint, ask)
        if (before := reply_in(recall)) is not None:
            heard.append(before.text)
            return before.text
        attempt = Attempt(endpoint, ask)
        attempt.listen()
        time.sleep(0.8)
        record_answer(attempt, attempt.reply(), recall)
        raise Unavailable

    probes["talks"] = talks
    run = bench.ran(definition([probe("talk", "talks", more={"timeout_s": 0.5}), output()]))
    assert run.error["code"] == "step_timed_out"
    time.sleep(0.8)
    assert resume(bench, run.id).status == "completed"
    assert (len(heard), len(model.requests)) == (1, 1)
    assert bench.run(run.id).model_calls == 1
