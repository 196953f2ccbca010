"""Whoever reads a draft for something that counts reads what its editors wrote until now, although nobody has settled it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import transaction

from collaboration.crdt import store
from tests.evaluations import Lab
from tests.integration.test_shared_drafts import edited, flow, opened, typing
from tests.workbench import Bench
from workflows.actions.drafts import states
from workflows.actions.drafts.states import StatesFull, forget_state, name_state
from workflows.actions.replays import run_case
from workflows.models import DataSet, DraftSnapshot, Workflow, WorkflowVersion

__all__ = ["flow"]

PATIENCE_S = 60
Json = dict[str, Any]


def typed(flow: Workflow, who: Any, words: str) -> None:
    edited(flow, who, opened(flow), typing("a", "template", words))


@pytest.mark.usefixtures("in_acme")
def test_the_history_over_the_api_has_what_was_written_a_moment_ago(program: Any, flow: Workflow, bob: Any) -> None:
    typed(flow, bob, " now")
    told = program("acme", "viewer").get(f"workflows/{flow.pk}/history")["results"]
    newest = told[0]
    assert (newest["author"]["email"], newest["changes"][0]["field"]) == (bob.email, "config.template")
    assert program("globex", "owner")("get", f"workflows/{flow.pk}/history").status_code == 404


@pytest.mark.usefixtures("in_acme")
def test_what_is_unpublished_has_what_was_written_a_moment_ago(program: Any, flow: Workflow, bob: Any) -> None:
    typed(flow, bob, " now")
    told = program("acme", "viewer").get(f"workflows/{flow.pk}/unpublished")
    assert bob.email == "admin@acme.test"
    assert str(bob) in [one["name"] for one in told["changed"]]
    assert program("globex", "owner")("get", f"workflows/{flow.pk}/unpublished").status_code == 404


@pytest.mark.usefixtures("in_acme")
def test_a_draft_is_checked_as_it_is_now(program: Any, flow: Workflow, ann: Any) -> None:
    typed(flow, ann, " {{ nodes.nobody }}")
    told = program("acme", "editor")("post", f"workflows/{flow.pk}/validate", {}).json()
    assert [problem["node"] for problem in told["problems"]] == ["a"]


@pytest.mark.usefixtures("in_acme")
def test_no_more_states_are_named_than_are_looked_through(flow: Workflow, ann: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(states, "NAMED_LIMIT", 2)
    first = name_state(actor=ann, workflow=flow, name="one")
    name_state(actor=ann, workflow=flow, name="two")
    with pytest.raises(StatesFull):
        name_state(actor=ann, workflow=flow, name="three")
    assert DraftSnapshot.objects.filter(kind="named").count() == 2
    forget_state(actor=ann, workflow=flow, snapshot=first)
    name_state(actor=ann, workflow=flow, name="three")


def write(bench: Bench, workflow: Any, factor: int) -> None:
    """Let an editor change by what the draft multiplies, in its document alone."""
    import pycrdt

    name = f"workflow:{workflow.pk}"
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(store.opened(name)[0])
    before = doc.get_state()
    doc.get("nodes", type=pycrdt.Map)["end"]["config"]["outputs"]["twice"]["cel"] = f"inputs.n * {factor}"
    store.append(name, [doc.get_update(before)], bench.user())


def multiplied(found: Json) -> str:
    cel: str = found["nodes"][1]["config"]["outputs"]["twice"]["cel"]
    return cel


def test_an_evaluation_is_of_what_was_written_a_moment_ago(bench: Bench) -> None:
    lab = Lab(bench)
    lab.case("one", {"n": 1}, {"twice": 3})
    with bench.inside():
        write(bench, lab.workflow, 3)
    done = lab.evaluated(versions=["draft"])
    assert [trial.status for trial in lab.trials(done)] == ["passed"]


def test_a_case_is_run_on_what_was_written_a_moment_ago(bench: Bench) -> None:
    lab = Lab(bench)
    case = lab.case("one", {"n": 1}, {"twice": 3})
    with bench.inside():
        write(bench, lab.workflow, 4)
        run = run_case(actor=bench.user(), case=case, version="draft", replay="fresh")
        assert multiplied(run.definition) == "inputs.n * 4"
        write(bench, lab.workflow, 5)
        assert (
            multiplied(run_case(actor=bench.user(), case=case, version="1", replay="fresh").definition)
            == "inputs.n * 2"
        )
        assert multiplied(_draft(lab)) == "inputs.n * 4", "who asks for a version changes no draft"


def test_an_evaluation_holds_nobody_up_who_edits(bench: Bench) -> None:
    """It waits for its data set, which somebody holds. The draft is settled by then, and its workflow is nobody's."""
    lab = Lab(bench)
    lab.case("one", {"n": 1}, {"twice": 3})
    with bench.inside():
        write(bench, lab.workflow, 3)
    ended = threading.Event()

    def evaluate() -> None:
        lab.started(versions=["draft"])
        ended.set()

    with bench.inside(), transaction.atomic():
        DataSet.objects.select_for_update().get(pk=lab.data_set.pk)
        thread = threading.Thread(target=evaluate)
        thread.start()
        _until(lambda: multiplied(_draft(lab)) == "inputs.n * 3")
        assert not ended.is_set()
        with transaction.atomic():
            assert Workflow.objects.select_for_update(nowait=True).get(pk=lab.workflow.pk)
    thread.join(PATIENCE_S)
    assert ended.is_set()


def _draft(lab: Lab) -> Json:
    found: Json = WorkflowVersion.objects.get(workflow=lab.workflow, number=0).definition
    return found


def _until(true: Any) -> None:
    for _ in range(10 * PATIENCE_S):
        if true():
            return
        threading.Event().wait(0.1)
    raise AssertionError("never true")
