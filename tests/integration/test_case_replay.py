"""A run is saved as a case and replayed offline: nobody is asked again, and the first call that differs is told, not guessed."""

from __future__ import annotations

from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput, PermissionDenied, TooLarge
from tests.integration.test_runs_models import llm, model
from tests.model_server import ModelServer
from tests.sink import Answer, Sink, sink
from tests.workbench import Bench, ask, definition, node, output

__all__ = ["model", "sink"]
Json = dict[str, Any]
PROMPT = "About {{ inputs.topic }} in run {{ run.id }}"


def post(sink: Sink, **more: Any) -> Json:
    """A request whose body is the model's answer."""
    config = {"method": "POST", "url": sink.url("/post?api_key=qwertyuiop"), "json": "{'said': nodes.ask.text}", **more}
    return node("post", "http", config)


def work(sink: Sink, prompt: str = PROMPT, **more: Any) -> Json:
    return definition(
        [
            llm("ask", prompt),
            post(sink, **more),
            ask("gate", "{{ nodes.ask.text }} ({{ run.id }})"),
            output(said="{{ nodes.gate.content }}", status="{{ nodes.post.status }}"),
        ]
    )


class Scene:
    """A workflow whose run was decided by a person and saved as a case."""

    def __init__(self, bench: Bench, model: ModelServer, sink: Sink, definition: Json | None = None) -> None:
        from workflows.actions.runs import start_run

        self.bench, self.model, self.sink = bench, model, sink
        model.answer("The moon pulls.")
        self.workflow = bench.workflow(definition or work(sink))
        with bench.inside():
            run = start_run(actor=bench.user(), workflow=self.workflow, inputs={"topic": "tides"})
        bench.advance(run.id)
        bench.decide(run.id, "edit", content="The moon pulls, mostly.")
        self.run = bench.advance(run.id)
        assert self.run.status == "completed", self.run.error
        self.case = self.saved()
        self.asked, self.posted = len(model.requests), sink.count()

    def saved(self, **more: Any) -> Any:
        from workflows.actions.cases import save_case

        with self.bench.inside():
            return save_case(actor=self.bench.user(), run=self.run, **more)

    def draft(self, definition: Json) -> None:
        from workflows.actions.workflows import save_draft

        with self.bench.inside():
            save_draft(actor=self.bench.user(), workflow=self.workflow, definition=definition)

    def replayed(self, version: str = "draft", replay: str = "strict") -> Any:
        from workflows.actions.replays import run_case

        with self.bench.inside():
            run = run_case(actor=self.bench.user(), case=self.case, version=version, replay=replay)
        return self.bench.advance(run.id)

    @property
    def went_out(self) -> tuple[int, int]:
        """How many calls arrived at the model and at the sink since the case was saved."""
        return len(self.model.requests) - self.asked, self.sink.count() - self.posted


@pytest.fixture
def scene(bench: Bench, model: ModelServer, sink: Sink) -> Scene:
    return Scene(bench, model, sink)


def test_a_replay_gives_the_same_and_asks_nobody(scene: Scene) -> None:
    for version in ("draft", "1", "published"):
        run = scene.replayed(version)
        assert (run.status, run.outputs) == ("completed", scene.run.outputs), run.error
        assert run.outputs == {"said": "The moon pulls, mostly.", "status": "200"}
        assert (run.model_calls, float(run.cost_usd)) == (0, 0.0)
    assert scene.went_out == (0, 0)


def test_a_changed_prompt_is_told_with_what_was_asked_then_and_now(scene: Scene) -> None:
    scene.draft(work(scene.sink, prompt=PROMPT + ", briefly"))
    run = scene.replayed()
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "call_changed", "ask")
    diff = run.error["details"]["diff"].splitlines()
    assert diff[-2:] == ["-About tides in run run", "+About tides in run run, briefly"]
    assert scene.went_out == (0, 0)


def test_a_changed_request_to_somebody_outside_is_told(scene: Scene) -> None:
    scene.draft(work(scene.sink, json="{'said': 'something else'}"))
    run = scene.replayed()
    assert (run.error["code"], run.error["node"], run.error["details"]["kind"]) == ("call_changed", "post", "http")
    assert "something else" in run.error["details"]["diff"]
    assert "The moon pulls." in run.error["details"]["diff"]
    assert scene.went_out == (0, 0)


def test_a_change_is_not_handled_away_and_not_tried_again(scene: Scene) -> None:
    """An edge for errors and a policy of retries are for failures of the node; this is none."""
    changed = work(scene.sink, prompt="Other")
    changed["nodes"][0]["retry"] = {"attempts": 3, "backoff_s": 0}
    changed["edges"].append({"from": "ask", "to": "end", "when": "error"})
    scene.draft(changed)
    run = scene.replayed()
    assert (run.status, run.error["code"]) == ("failed", "call_changed")
    assert "step.retried" not in scene.bench.types(run.id)


def test_a_changed_question_to_a_person_is_told(scene: Scene) -> None:
    changed = work(scene.sink)
    changed["nodes"][2]["config"]["content"] = "Really? {{ nodes.ask.text }}"
    scene.draft(changed)
    run = scene.replayed()
    assert (run.error["code"], run.error["details"]["kind"]) == ("call_changed", "question")
    assert "+content: Really? The moon pulls." in run.error["details"]["diff"]


def test_a_new_call_is_told_as_one_that_was_not_recorded(scene: Scene) -> None:
    changed = definition([llm("ask", PROMPT), llm("more", "What else?"), output()])
    scene.draft(changed)
    run = scene.replayed()
    assert (run.error["node"], run.error["details"]["recorded"]) == ("more", False)
    assert scene.went_out == (0, 0)


def test_changed_calls_may_go_live_and_the_others_do_not(scene: Scene) -> None:
    scene.draft(work(scene.sink, json="{'said': 'something else'}"))
    run = scene.replayed(replay="mixed")
    assert run.status == "completed", run.error
    assert scene.went_out == (0, 1)
    assert run.outputs == scene.run.outputs


def test_asked_anew_only_the_persons_decision_is_taken_over(scene: Scene) -> None:
    scene.model.answer("The sun, too.")
    run = scene.replayed(replay="fresh")
    assert run.status == "completed", run.error
    assert scene.went_out == (1, 1)
    assert run.outputs["said"] == "The moon pulls, mostly."


def test_a_replay_whose_case_was_deleted_stays_offline(scene: Scene) -> None:
    from workflows.actions.cases import delete_case
    from workflows.actions.replays import run_case
    from workflows.models import RecordedAnswer

    with scene.bench.inside():
        run = run_case(actor=scene.bench.user(), case=scene.case)
        delete_case(actor=scene.bench.user(), case=scene.case)
        assert not RecordedAnswer.objects.exists()
    run = scene.bench.advance(run.id)
    assert run.error["code"] == "call_changed"
    assert scene.went_out == (0, 0)


def test_what_was_refused_outside_is_refused_again(bench: Bench, model: ModelServer, sink: Sink) -> None:
    sink.answer(Answer(status=503), Answer(status=503))
    handled = work(sink, idempotent=True)
    handled["nodes"].append(output("sorry", x="{{ nodes.post.error.code }}"))
    handled["nodes"][2]["config"]["content"] = "{{ nodes.post.error.code }}"
    handled["edges"] = [
        {"from": "ask", "to": "post"},
        {"from": "post", "to": "gate", "when": "error"},
        {"from": "gate", "to": "sorry"},
    ]
    handled["nodes"] = [found for found in handled["nodes"] if found["id"] != "end"]
    scene = Scene(bench, model, sink, handled)
    run = scene.replayed()
    assert (run.status, run.outputs) == ("completed", scene.run.outputs), run.error
    assert scene.went_out == (0, 0)


def test_no_secret_gets_into_a_case(bench: Bench, model: ModelServer, sink: Sink) -> None:
    from agents.actions.connections import update_connection
    from agents.models import ModelConnection
    from workflows.models import RecordedAnswer

    with bench.inside():
        connection = ModelConnection.objects.get()
        update_connection(actor=bench.user("admin"), connection=connection, api_key="hunter2-hunter2")
    sink.answer(Answer(body=b'{"echo": "key hunter2-hunter2 sk-abcdefghijklmnop", "api_key": "topsecret"}',
                       headers={"Content-Type": "application/json", "Set-Cookie": "sid=verysecretcookie"}))  # fmt: skip
    scene = Scene(bench, model, sink)
    with bench.inside():
        case = scene.case
        text = str(
            [case.inputs, case.expected, *RecordedAnswer.objects.values_list("asked", "result", "error", "name")]
        )
    for secret in ("hunter2", "sk-abc", "topsecret", "verysecretcookie", "qwertyuiop"):
        assert secret not in text, secret
    assert "/post" in text


def test_a_case_is_its_tenants(scene: Scene) -> None:
    from workflows.models import Case, DataSet, RecordedAnswer

    with scene.bench.inside("globex"):
        assert [model for model in (Case, DataSet, RecordedAnswer) if model.objects.exists()] == []
    with scene.bench.inside():
        assert [row.kind for row in scene.case.answers.all()] == ["model", "http", "question"]


def test_who_may_not_add_cases_saves_none(scene: Scene) -> None:
    from workflows.actions.cases import save_case

    with scene.bench.inside(), pytest.raises(PermissionDenied):
        save_case(actor=scene.bench.user("viewer"), run=scene.run)


def test_a_case_is_bounded(scene: Scene) -> None:
    from workflows.actions.cases import create_case

    with scene.bench.inside(), pytest.raises(TooLarge):
        create_case(
            actor=scene.bench.user(), data_set=scene.case.data_set, name="big", inputs={"topic": "x" * 4_000_001}
        )


def test_a_case_of_something_else_is_refused(scene: Scene) -> None:
    from workflows.actions.datasets import create_data_set

    other = scene.bench.workflow(definition([output()]), name="Other")
    with scene.bench.inside():
        home = create_data_set(actor=scene.bench.user(), name="Other", workflow=other)
    with pytest.raises(InvalidInput):
        scene.saved(data_set=home)


def test_a_name_is_given_once(scene: Scene) -> None:
    assert scene.saved(name="Tides").name == "Tides"
    assert scene.saved(name="Tides").name == "Tides (2)"
