"""Do an evaluation's work in this process, as one more worker: where there are others they take what they claim first."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from uuid import UUID

from tenants.context import release_connections
from workflows.engine.loop import advance
from workflows.models import Evaluation, Run

PAUSE_S = 0.1


def worked_out(evaluation: Evaluation, *, timeout_s: float) -> Evaluation:
    """Return the evaluation when it is over; raise TimeoutError, which says what it waits for."""
    until = time.monotonic() + timeout_s
    busy: dict[UUID, Future[None]] = {}
    with ThreadPoolExecutor(evaluation.concurrency, thread_name_prefix="eval") as pool:
        while True:
            advance(evaluation.pk)
            found = Evaluation.objects.get(pk=evaluation.pk)
            if found.is_over:
                return found
            runs = list(Run.objects.active().filter(evaluation=found).values_list("pk", "status"))
            if time.monotonic() > until:
                waiting = sum(status == Run.Status.WAITING for _, status in runs)
                raise TimeoutError(f"{len(runs)} runs are at work, {waiting} of them wait for a person.")
            for pk in [pk for pk, future in busy.items() if future.done()]:
                busy.pop(pk).result()
            for pk, _ in runs:
                if pk not in busy:
                    busy[pk] = pool.submit(copy_context().run, _advance, pk)
            time.sleep(PAUSE_S)


def _advance(run: UUID) -> None:
    try:
        advance(run)
    finally:
        release_connections()
