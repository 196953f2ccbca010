"""What a worker does beside its Celery tasks: it wakes lost runs, notices that it has stalled, and stops in good order."""

from __future__ import annotations

from typing import Any

from celery import signals

# A slot is free this long after its Celery task says that it is over, at the latest.
FREE_S = 0.003


def connect() -> None:
    """Attach to the life of whatever worker starts in this process; call once where the Celery app is made."""
    signals.worker_ready.connect(_begin, weak=False, dispatch_uid="nexod.begin")
    signals.worker_shutting_down.connect(_drain, weak=False, dispatch_uid="nexod.drain")


def _begin(sender: Any, **kwargs: Any) -> None:
    from django.conf import settings

    from nexod.watchdog import Watchdog
    from tenants.sweeper import Sweeper

    if sender.hub is not None:
        _look_when_free(sender.hub)
    Sweeper().start()
    Watchdog(sender.controller, patience_s=settings.NEXOD_STALL_S).start()


def _look_when_free(hub: Any) -> None:
    """Have Celery's loop look for a message when a slot becomes free: without prefetching it looks once a second by itself."""

    def look(**kwargs: Any) -> None:
        hub.call_soon(hub.call_later, FREE_S, _nothing)

    signals.task_postrun.connect(look, weak=False, dispatch_uid="nexod.look_when_free")


def _nothing() -> None:
    """That the loop wakes is enough."""


def _drain(how: str, **kwargs: Any) -> None:
    from workflows.engine import drain

    if how == "Warm":
        drain.begin()
