"""What a worker does beside its Celery tasks: it wakes lost runs, notices that it has stalled, and stops in good order."""

from __future__ import annotations

from typing import Any

from celery import signals


def connect() -> None:
    """Attach to the life of whatever worker starts in this process; call once where the Celery app is made."""
    signals.worker_ready.connect(_begin, weak=False, dispatch_uid="nexod.begin")
    signals.worker_shutting_down.connect(_drain, weak=False, dispatch_uid="nexod.drain")


def _begin(sender: Any, **kwargs: Any) -> None:
    from django.conf import settings

    from nexod.watchdog import Watchdog
    from tenants.sweeper import Sweeper

    Sweeper().start()
    Watchdog(sender.controller, patience_s=settings.NEXOD_STALL_S).start()


def _drain(how: str, **kwargs: Any) -> None:
    from workflows.engine import drain

    if how == "Warm":
        drain.begin()
