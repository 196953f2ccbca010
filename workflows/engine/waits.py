"""What one attempt of a step waits for: a time, a callback, another run. The wait's row is the truth, as a question's is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from nexod.kernel import events
from workflows.actions.child_starts import outcome_of, start_child
from workflows.actions.children import cancel_child
from workflows.engine.parked import Waiting
from workflows.engine.record import Record
from workflows.engine.replaying import replay_of
from workflows.errors import StepTimedOut, WaitTooLong
from workflows.models import Run, Step, Wait

Json = dict[str, Any]
LONGEST = timedelta(days=366)
MAX_KEY = 90


class Waits:
    """Counts the waits of the attempt: the first one under a key is the same wait in every attempt."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._replay = replay_of(record)
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def until(self, at: datetime, *, key: str = "time") -> None:
        """Return when the time has come, by the database's clock; raise Waiting until then, or WaitTooLong."""
        self._over(Wait.Kind.TIMER, key, due_at=_bounded(at))

    def callback(self, *, timeout_s: float | None = None, key: str = "callback") -> tuple[bool, Any]:
        """Return whether the callback came in time, and what it brought; raise Waiting until either."""
        due_at = None if timeout_s is None else _bounded(timezone.now() + timedelta(seconds=timeout_s))
        wait = self._over(Wait.Kind.CALLBACK, key, due_at=due_at)
        return wait.over, wait.result

    def run(self, workflow: str, inputs: Json, *, key: str = "") -> Json:
        """Return the outputs of a run of its own of the workflow with that slug, started once; raise Waiting until it is over.

        Raises what ``start_run`` raises, ChildFailed for one that failed or was cancelled, and DepthExceeded.
        """
        start = partial(start_child, self._record.step, workflow, inputs)
        asked = {"workflow": workflow, "inputs": inputs}
        return outcome_of(self._over(Wait.Kind.RUN, f"run:{workflow}:{key}", start=start, asked=asked))

    def _over(
        self,
        kind: Wait.Kind,
        key: str,
        *,
        due_at: datetime | None = None,
        start: Callable[[Wait], None] | None = None,
        asked: Json | None = None,
    ) -> Wait:
        """Return the wait when nothing keeps it open any more; make it when it is new."""
        with self._lock:
            self._counted[key] += 1
            key = f"{key[:MAX_KEY]}#{self._counted[key]}"
        if self._replay and (recorded := self._replay.waited(kind, key, asked or {})) is not None:
            return _recorded(kind, recorded)
        step = self._record.step
        found = Wait.objects.filter(step=step.pk, key=key).first() if self._record.stored else None
        if found is None:
            found = Wait(run_id=step.run_id, step=step, node=step.node, key=key, kind=kind, due_at=due_at)
            self._limit(found)
            self._begin(found, start)
        if not found.over and Wait.objects.open().filter(pk=found.pk).exists():
            raise Waiting(found)
        if found.times_out:
            self._require_in_time(found)
        return found

    def _limit(self, wait: Wait) -> None:
        """Let the wait end with the step's time, where it would not end before that."""
        limit_s = self._record.plan.limits_waits_s
        if limit_s is None:
            return
        ends_at = timezone.now() + timedelta(seconds=limit_s)
        if wait.due_at is None or ends_at < wait.due_at:
            wait.due_at, wait.times_out = ends_at, True

    def _require_in_time(self, wait: Wait) -> None:
        """Raise StepTimedOut for what has not come; a run that was waited for is cancelled, for nobody needs it any more."""
        wait.refresh_from_db(fields=["over", "result"])
        if wait.over:
            return
        cancel_child(wait)
        limit_s = self._record.plan.node.timeout_s
        raise StepTimedOut(f"The step waited longer than {limit_s:g} s.", details={"timeout_s": limit_s})

    def _begin(self, wait: Wait, start: Callable[[Wait], None] | None) -> None:
        """Store the wait together with the waiting step; a callback that came before its time ends it at once."""
        step = self._record.step
        step.status = Step.Status.WAITING
        told = events.StepWaiting(
            node=step.node,
            step=str(step.id),
            kind=wait.kind,
            until=wait.due_at.isoformat() if wait.due_at else "",
        )
        self._record.write(told, also=partial(_store, wait, start))


def _recorded(kind: Wait.Kind, told: Json) -> Wait:
    """Return a wait as it ended in the case that the run is bound to; it is stored nowhere. In a replay time passes at once."""
    if kind == Wait.Kind.RUN:
        return Wait(kind=kind, over=True, child=Run(**told))
    return Wait(kind=kind, **told)


def _store(wait: Wait, start: Callable[[Wait], None] | None) -> None:
    if wait.kind == Wait.Kind.CALLBACK:
        # The run's row is locked by the statement before this, and by whoever brings a callback: one of them comes first.
        early = Wait.objects.filter(run=wait.run_id, node=wait.node, step=None).first()
        if early is not None:
            wait.over, wait.result = True, early.result
            early.delete()
    wait.save(force_insert=True)
    if start is not None:
        start(wait)


def _bounded(at: datetime) -> datetime:
    if at - timezone.now() > LONGEST:
        raise WaitTooLong(f"A step waits for {LONGEST.days} days at most, and this is until {at:%Y-%m-%d}.")
    return at
