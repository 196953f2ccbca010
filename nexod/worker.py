"""What a worker does beside its Celery tasks: it wakes lost runs, notices that it has stalled, and stops in good order."""

from __future__ import annotations

from typing import Any

from celery import signals
from kombu.utils.scheduling import round_robin_cycle

from nexod.kernel import garbage
from nexod.kernel.queue import URGENT

# A slot is free this long after its Celery task says that it is over, at the latest.
FREE_S = 0.003
# One slot in so many must be in use for all of them to be in use a moment later.
SPARE = 2


class UrgentFirst(round_robin_cycle):  # type: ignore[type-arg]
    """The order in which a free slot looks into the queues: the urgent ones first, the others in turn."""

    def consume(self, n: int) -> Any:
        """Return the first ``n`` queues."""
        return sorted(self.items or (), key=lambda name: name not in URGENT.values())[:n]


def connect() -> None:
    """Attach to the life of whatever worker starts in this process; call once where the Celery app is made."""
    signals.worker_ready.connect(_begin, weak=False, dispatch_uid="nexod.begin")
    signals.worker_shutting_down.connect(_drain, weak=False, dispatch_uid="nexod.drain")
    signals.task_postrun.connect(_settle, weak=False, dispatch_uid="nexod.settle")


def _begin(sender: Any, **kwargs: Any) -> None:
    from django.conf import settings

    from nexod.watchdog import Watchdog
    from tenants.sweeper import Sweeper

    if sender.hub is not None:
        _look_when_free(sender.hub, slots=sender.pool.limit or 1)
    Sweeper().start()
    Watchdog(sender.controller, patience_s=settings.NEXOD_STALL_S).start()


def _settle(**kwargs: Any) -> None:
    """Keep from the garbage collector what start-up and the first Celery task loaded, which stays: to look at all of it stops every
    run of the process for a tenth of a second, again and again."""
    signals.task_postrun.disconnect(dispatch_uid="nexod.settle")
    garbage.settle()


def _look_when_free(hub: Any, *, slots: int) -> None:
    """Have Celery's loop look for a message when a slot becomes free: without prefetching it looks once a second by itself.

    With slots to spare it is looking already.
    """
    from celery.worker import state

    def look(**kwargs: Any) -> None:
        if SPARE * len(state.reserved_requests) >= slots:
            hub.call_soon(hub.call_later, FREE_S, _nothing)

    signals.task_postrun.connect(look, weak=False, dispatch_uid="nexod.look_when_free")


def _nothing() -> None:
    """That the loop wakes is enough."""


def _drain(how: str, **kwargs: Any) -> None:
    from workflows.engine import drain

    if how == "Warm":
        drain.begin()
