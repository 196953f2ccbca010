"""What the tests of evaluations share: a workflow with cases, and the work that workers would do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from tenants.context import enter_schema_as_owner
from tenants.models import Plan, RunTicket
from tenants.schema import OWNER
from tests.workbench import Bench, definition, output, text

Json = dict[str, Any]
INPUTS: Json = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def doubling(factor: int = 2) -> Json:
    """Return a workflow that multiplies n, without a model."""
    end = {"id": "end", "type": "output", "config": {"outputs": {"twice": {"cel": f"inputs.n * {factor}"}}}}
    return definition([text("hello"), end], inputs=INPUTS)


class Lab:
    """A workflow of acme with a data set."""

    def __init__(self, bench: Bench, document: Json | None = None, *, slug: str = "acme", **data_set: Any) -> None:
        from workflows.actions.datasets import create_data_set

        self.bench, self.slug = bench, slug
        self.workflow = bench.workflow(document or doubling(), slug=slug, name="Doubling")
        with bench.inside(slug):
            self.data_set = create_data_set(actor=self.actor(), name="Doubles", workflow=self.workflow, **data_set)

    def actor(self, role: str = "editor") -> Any:
        return self.bench.user(role, self.slug)

    def case(self, name: str, inputs: Json, expected: Any = None, **more: Any) -> Any:
        from workflows.actions.cases import create_case

        with self.bench.inside(self.slug):
            return create_case(
                actor=self.actor(), data_set=self.data_set, name=name, inputs=inputs, expected=expected, **more
            )

    def draft(self, document: Json) -> None:
        from workflows.actions.workflows import save_draft

        with self.bench.inside(self.slug):
            save_draft(actor=self.actor(), workflow=self.workflow, definition=document)

    def started(self, **given: Any) -> Any:
        from workflows.actions.evaluations import start_evaluation

        with self.bench.inside(self.slug):
            return start_evaluation(actor=self.actor(), data_set=self.data_set, **given)

    def woken(self, evaluation: Any) -> Any:
        """Do what a worker does with the evaluation's message, and return the evaluation."""
        from workflows.engine.loop import advance

        with self.bench.inside(self.slug):
            advance(evaluation.pk)
        return self.evaluation(evaluation.pk)

    def at_work(self, evaluation: Any) -> list[UUID]:
        from workflows.models import Run

        with self.bench.inside(self.slug):
            return list(Run.objects.active().filter(evaluation=evaluation).values_list("pk", flat=True))

    def finished(self, evaluation: Any) -> Any:
        """Do everything that workers would do for it."""
        for _ in range(200):
            evaluation = self.woken(evaluation)
            if evaluation.is_over:
                return evaluation
            for run in self.at_work(evaluation):
                self.bench.advance(run, slug=self.slug)
        raise AssertionError("The evaluation does not end.")

    def evaluated(self, **given: Any) -> Any:
        return self.finished(self.started(**given))

    @contextmanager
    def room(self, runs: int) -> Iterator[None]:
        """Let the plan allow so many runs at once inside the block."""
        with enter_schema_as_owner("public"):
            Plan.objects.using(OWNER).update(runs_at_once=runs)
        try:
            yield
        finally:
            with enter_schema_as_owner("public"):
                Plan.objects.using(OWNER).update(runs_at_once=Plan._meta.get_field("runs_at_once").default)

    def hasten(self, evaluation: Any) -> None:
        """Let the time pass for which its ticket waits."""
        with enter_schema_as_owner("public"):
            RunTicket.objects.using(OWNER).filter(run=evaluation.pk).update(not_before=None)

    def evaluation(self, pk: UUID) -> Any:
        from workflows.models import Evaluation

        with self.bench.inside(self.slug):
            return Evaluation.objects.get(pk=pk)

    def trials(self, evaluation: Any) -> list[Any]:
        with self.bench.inside(self.slug):
            rows = evaluation.trials.select_related("case", "contestant", "run")
            return sorted(rows, key=lambda row: (row.contestant.position, row.case.name, row.repetition))


__all__ = ["Lab", "doubling", "output"]
