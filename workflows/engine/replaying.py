"""Runs that are bound to a case: what a step is answered from, and that the first call that differs ends the run."""

from __future__ import annotations

from workflows.engine.record import Record
from workflows.errors import CallChanged
from workflows.evals.replay import Replay


def replay_of(record: Record) -> Replay | None:
    """Return what one attempt of the step takes from the run's case; None for a run that has none."""
    drive = record.drive
    if not drive.run.replay:
        return None

    def stop(changed: CallChanged) -> None:
        drive.note_failure(changed)
        drive.reins.stop(changed)

    return Replay(drive.run, record.plan.id, record.step.visit, on_change=stop)
