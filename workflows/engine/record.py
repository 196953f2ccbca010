"""The record of one visit of one node: its Step row and its events, written together and only while the claim holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from nexod.kernel import events
from workflows.actions.statements import Along, insertion_of, update_of
from workflows.engine.drive import Drive
from workflows.engine.parked import AskedPerson, Waiting
from workflows.engine.plan import NodePlan
from workflows.models import Approval, Artifact, Run, Step, Wait
from workflows.nodes.base import ERROR, NodeResult

Json = dict[str, Any]
INTERRUPTED = events.Reason(code="interrupted", message="The step was not finished.")
# What the gateway spends is added by the database, so a save of the row must leave it alone.
SAVED = (
    "attempt", "status", "inputs", "output", "route", "summary", "error", "failures", "retry_at", "finished_at",
    "seconds", "updated_at",
)  # fmt: skip
MAX_SUMMARY = 500
OPEN = (Step.Status.RUNNING, Step.Status.WAITING)


class Record:
    """Writes the row late: an instant step costs one transaction, one that takes its time is visible from its start."""

    def __init__(self, drive: Drive, plan: NodePlan, visit: int, *, part_of: Step | None = None) -> None:
        self.drive = drive
        self.plan = plan
        known = drive.known.get((plan.id, visit))
        self.step = known or _new_step(drive.run, plan, visit, part_of)
        self.stored = known is not None
        self.arrived: Sequence[str] = ()
        self._worked_since = time.monotonic()

    @property
    def is_done(self) -> bool:
        """Say whether an earlier stretch, whose checkpoint did not come to it any more, committed what the step gave.

        Of a step that failed that is its error, where an edge led on from there.
        """
        handled = self.step.status == Step.Status.FAILED and self.step.route == ERROR
        return handled or self.step.status == Step.Status.COMPLETED

    def begin(self) -> None:
        """Make the step visible as running, when it is new or comes again after a failure or a lost worker."""
        if not self.stored:
            self.write()
        elif self.step.retry_at is not None:
            self.step.status, self.step.retry_at, self.step.error = Step.Status.RUNNING, None, None
            self.write(self._started())
        elif self.step.status != Step.Status.WAITING:
            before = events.Reason(**self.step.error) if self.step.error else INTERRUPTED
            self.resume(before)
        elif not self.plan.instant:
            self._go_on()

    def _go_on(self) -> None:
        """Work again on a step that had asked somebody; one whose question is open is left alone."""
        asked = Approval.objects.pending().filter(step=self.step.pk).first()
        if asked is not None:
            raise AskedPerson(asked)
        awaited = Wait.objects.open().filter(step=self.step.pk).first()
        if awaited is not None:
            raise Waiting(awaited)
        self.step.status = Step.Status.RUNNING
        self.write(events.StepResumed(node=self.step.node, step=str(self.step.id)))

    def resume(self, reason: events.Reason) -> None:
        """Tell that the step goes on after it was interrupted: what it had waited for stays as it is."""
        self._again()
        self.write(self._retried(reason, 0))

    def retry(self, reason: events.Reason, *, delay_s: float) -> None:
        """Tell that the step is tried again after a failure, and why: it waits for everything anew."""
        self._again()
        self.write(self._retried(reason, delay_s), also=self._forget_waits)

    def _again(self) -> None:
        self.step.attempt += 1
        self.step.status = Step.Status.RUNNING
        self.step.error = None
        self.step.finished_at = None

    def _forget_waits(self) -> None:
        Wait.objects.filter(step=self.step.pk).delete()

    def postpone(self, reason: events.Reason, *, delay_s: float) -> datetime:
        """Tell that the step is tried again later, when nobody need hold a worker until then; return when."""
        at = timezone.now() + timedelta(seconds=delay_s)
        self.step.status, self.step.retry_at = Step.Status.WAITING, at
        self.step.attempt += 1
        self.step.error = reason.model_dump(mode="json")
        self.write(self._retried(reason, delay_s), also=self._forget_waits)
        return at

    def complete(self, result: NodeResult, output: Json, artifacts: Sequence[Artifact]) -> None:
        """Store what the node gave, with the artifacts that it published."""
        self._finish(Step.Status.COMPLETED)
        self.step.output = output
        self.step.route = result.route
        self.step.summary = result.summary[:MAX_SUMMARY]
        told = [_created(self.step, artifact) for artifact in artifacts]
        done = events.StepCompleted(
            node=self.step.node,
            step=str(self.step.id),
            summary=self.step.summary,
            route=result.route,
            totals=self.step.totals(),
        )
        self.write(*told, done, rows=artifacts, soon=self.plan.instant)
        self.drive.count_step()

    def fail(self, reason: events.Reason, *, handled: Json | None = None) -> None:
        """Store why the node failed, and, where an edge leads on from there, what later nodes see of it."""
        self._finish(Step.Status.FAILED)
        self.step.error = reason.model_dump(mode="json")
        if handled is not None:
            self.step.output, self.step.route = handled, ERROR
        self.write(
            events.StepFailed(node=self.step.node, step=str(self.step.id), reason=reason, handled=handled is not None)
        )
        self.drive.count_step()

    def stop(self) -> None:
        """Store that the step was given up, when it had begun: its branch is not needed any more."""
        if self.stored:
            self._finish(Step.Status.CANCELLED)
            self.write(events.StepStopped(node=self.step.node, step=str(self.step.id)))

    def write(
        self,
        *told: events.Event,
        rows: Sequence[Model] = (),
        also: Callable[[], object] | None = None,
        soon: bool = False,
    ) -> None:
        """Store the row as it is now, with the new ``rows``, and append the events, that it started first.

        It is one statement; with ``also``, which runs after it, one transaction; ``soon``, it may be held for a moment.
        Raises RunLost when the run is another worker's.
        """
        everything = list(told) if self.stored else [self._started(), *told]
        along = [self._statement(), *map(insertion_of, rows)]
        if self.step.status in OPEN:
            self.drive.is_open = True
        if soon:
            self.drive.write_soon(everything, along)
        elif also is None:
            self.drive.write(everything, along)
        else:
            with transaction.atomic():
                self.drive.write(everything, along)
                also()
        self.stored = True

    def _statement(self) -> Along:
        return update_of(self.step, SAVED) if self.stored else insertion_of(self.step)

    def _finish(self, status: Step.Status) -> None:
        self.step.status = status
        self.step.finished_at = timezone.now()
        now = time.monotonic()
        self.step.seconds += now - self._worked_since
        self._worked_since = now

    def _started(self) -> events.Event:
        return events.StepStarted(
            node=self.step.node,
            step=str(self.step.id),
            node_type=self.step.node_type,
            visit=self.step.visit,
            title=self.step.title,
            attempt=self.step.attempt,
            undoes=str(self.step.undoes_id or ""),
        )

    def _retried(self, reason: events.Reason, delay_s: float) -> events.Event:
        return events.StepRetried(
            node=self.step.node, step=str(self.step.id), attempt=self.step.attempt, delay_s=delay_s, reason=reason
        )


def _new_step(run: Run, plan: NodePlan, visit: int, part_of: Step | None) -> Step:
    return Step(
        run_id=run.id,
        node=plan.id,
        node_type=plan.kind.type,
        title=plan.node.title or plan.kind.title,
        visit=visit,
        part_of=part_of,
        started_at=timezone.now(),
    )


def _created(step: Step, artifact: Artifact) -> events.Event:
    return events.ArtifactCreated(
        node=step.node,
        step=str(step.id),
        artifact=str(artifact.id),
        name=artifact.name,
        media_type=artifact.media_type,
        bytes=artifact.bytes,
    )
