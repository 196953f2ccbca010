"""Publishing can ask that cases pass: exactly the draft that passed them is published, whatever is edited meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput
from tests.evaluations import Lab, doubling
from tests.workbench import Bench
from workflows.errors import CasesFailed, CasesNotEvaluated, DraftChanged


class Gated(Lab):
    """A workflow that asks that its two cases pass."""

    def gate(self, **given: Any) -> None:
        from workflows.actions.gates import set_gate

        with self.bench.inside(self.slug):
            set_gate(actor=self.actor(), workflow=self.workflow, data_set=self.data_set, **given)

    def publish(self, **given: Any) -> Any:
        from workflows.actions.workflows import publish_workflow

        with self.bench.inside(self.slug):
            return publish_workflow(actor=self.actor(), workflow=self.workflow, **given)

    def asked(self, note: str = "") -> Any:
        from workflows.actions.gates import evaluate_and_publish

        with self.bench.inside(self.slug):
            return evaluate_and_publish(actor=self.actor(), workflow=self.workflow, note=note)

    def published(self) -> int:
        from workflows.models import Workflow

        with self.bench.inside(self.slug):
            return int(Workflow.objects.select_related("published").get(pk=self.workflow.pk).published.number)


@pytest.fixture
def gated(bench: Bench) -> Gated:
    gated = Gated(bench)
    gated.case("one", {"n": 1}, {"twice": 2})
    gated.case("zero", {"n": 0}, {"twice": 0})
    gated.gate()
    return gated


def test_a_draft_that_was_not_evaluated_is_refused(gated: Gated) -> None:
    with pytest.raises(CasesNotEvaluated) as refused:
        gated.publish()
    assert refused.value.details["data_set"] == gated.data_set.slug
    assert gated.published() == 1


def test_a_draft_that_passes_is_published(gated: Gated) -> None:
    gated.evaluated(versions=["draft"])
    assert gated.publish().number == 2


def test_a_draft_that_fails_is_refused_with_the_names_of_the_cases(gated: Gated) -> None:
    gated.draft(doubling(3))
    gated.evaluated(versions=["draft"])
    with pytest.raises(CasesFailed) as refused:
        gated.publish()
    assert refused.value.details["cases"] == ["one"]
    assert "'one'" in refused.value.message
    assert "'zero'" not in refused.value.message
    assert gated.published() == 1


def test_a_minimum_score_may_be_enough(gated: Gated) -> None:
    gated.draft(doubling(3))
    gated.gate(min_score=0.5)
    gated.evaluated(versions=["draft"])
    assert gated.publish().number == 2
    gated.gate(min_score=0.6)
    with pytest.raises(CasesFailed) as refused:
        gated.publish()
    assert refused.value.details["score"] == 0.5


def test_another_draft_needs_an_evaluation_of_its_own(gated: Gated) -> None:
    gated.evaluated(versions=["draft"])
    gated.draft(doubling(3))
    with pytest.raises(CasesNotEvaluated):
        gated.publish()


@pytest.mark.parametrize("what", ["case", "scorers", "some"])
def test_an_evaluation_by_other_cases_or_scorers_does_not_count(gated: Gated, what: str) -> None:
    from workflows.actions.datasets import update_data_set

    if what == "some":
        gated.case("tagged", {"n": 2}, {"twice": 4}, tags=["t"])
        gated.evaluated(versions=["draft"], tags=["t"])
    else:
        gated.evaluated(versions=["draft"])
    if what == "case":
        gated.case("two", {"n": 2}, {"twice": 4})
    if what == "scorers":
        with gated.bench.inside():
            scorers = [{"type": "cel", "config": {"expression": "false"}}]
            update_data_set(actor=gated.actor(), data_set=gated.data_set, scorers=scorers)
    with pytest.raises(CasesNotEvaluated):
        gated.publish()


def test_publishing_may_start_the_evaluation_first(gated: Gated) -> None:
    done = gated.finished(gated.asked("tested"))
    assert done.outcome == "Published as version 2."
    assert gated.published() == 2
    with gated.bench.inside():
        assert gated.workflow.versions.get(number=2).note == "tested"


def test_nothing_is_published_when_its_cases_fail(gated: Gated) -> None:
    gated.draft(doubling(3))
    done = gated.finished(gated.asked())
    assert "'one'" in done.outcome
    assert gated.published() == 1


def test_an_edit_between_evaluation_and_publication_is_not_published(gated: Gated) -> None:
    """The race: the cases of the good draft pass while somebody saves a bad one, which was not asked for."""
    begun = gated.asked()
    for run in gated.at_work(gated.woken(begun)):
        gated.bench.advance(run)
    gated.draft(doubling(3))
    done = gated.woken(begun)
    assert (done.status, done.outcome) == ("completed", DraftChanged().message)
    assert gated.published() == 1


def test_also_not_when_the_edit_passes_by_itself(gated: Gated) -> None:
    """What was asked for is the draft of then; another one is published by whoever asks for that."""
    begun = gated.woken(gated.asked())
    gated.draft(doubling())
    changed = doubling()
    changed["name"] = "Another name"
    gated.draft(changed)
    gated.evaluated(versions=["draft"])
    for run in gated.at_work(begun):
        gated.bench.advance(run)
    assert gated.finished(begun).outcome == DraftChanged().message
    assert gated.published() == 1
    assert gated.publish().number == 2


def test_a_cancelled_evaluation_publishes_nothing(gated: Gated) -> None:
    from workflows.actions.evaluations import cancel_evaluation

    begun = gated.asked()
    with gated.bench.inside():
        cancel_evaluation(actor=gated.actor(), evaluation=begun)
    assert (gated.finished(begun).outcome, gated.published()) == ("", 1)


def test_a_workflow_without_a_gate_is_published_as_ever(bench: Bench) -> None:
    gated = Gated(bench)
    assert gated.publish().number == 2
    with pytest.raises(InvalidInput):
        gated.asked()


def test_a_gate_is_of_the_workflows_own_cases(gated: Gated, bench: Bench) -> None:
    from workflows.actions.gates import set_gate

    other = bench.workflow(doubling(), name="Other")
    with bench.inside(), pytest.raises(InvalidInput):
        set_gate(actor=gated.actor(), workflow=other, data_set=gated.data_set)


def test_a_gate_is_not_deleted_from_under_its_workflow_but_with_it(gated: Gated, bench: Bench) -> None:
    from agents.actions.rows import InUse
    from workflows.actions.datasets import delete_data_set
    from workflows.actions.workflows import delete_workflow
    from workflows.models import DataSet

    with bench.inside():
        with pytest.raises(InUse):
            delete_data_set(actor=gated.actor(), data_set=gated.data_set)
        delete_workflow(actor=gated.actor(), workflow=gated.workflow)
        assert not DataSet.objects.exists()


def test_the_gate_of_one_tenant_is_none_of_another(gated: Gated, bench: Bench) -> None:
    other = Gated(bench, slug="globex")
    assert other.publish().number == 2
