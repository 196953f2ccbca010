"""How Celery work is told: its logs are ours, each Celery task ends in one line and in the counters."""

from __future__ import annotations

import logging
import logging.config
import time
from typing import Any

from celery import signals
from django.conf import settings

from nexod.kernel import scope
from nexod.observability import work

logger = logging.getLogger("nexod.task")
_started: dict[str, float] = {}


def connect() -> None:
    """Take over the workers' logging and tell of every Celery task; call once where the Celery app is made."""
    signals.setup_logging.connect(_use_our_logs, weak=False, dispatch_uid="nexod.logs")
    signals.task_prerun.connect(_note_start, weak=False, dispatch_uid="nexod.task_start")
    signals.task_postrun.connect(_tell_end, weak=False, dispatch_uid="nexod.task_end")
    signals.worker_process_shutdown.connect(_last_flush, weak=False, dispatch_uid="nexod.flush_process")
    signals.worker_shutdown.connect(_last_flush, weak=False, dispatch_uid="nexod.flush")


def _use_our_logs(**kwargs: Any) -> None:
    logging.config.dictConfig(settings.LOGGING)


def _note_start(task_id: str, **kwargs: Any) -> None:
    _started[task_id] = time.perf_counter()


def _tell_end(task_id: str, task: Any, state: str | None = None, kwargs: Any = None, **_: Any) -> None:
    seconds = time.perf_counter() - _started.pop(task_id, time.perf_counter())
    outcome = (state or "unknown").lower()
    work.count("nexod_tasks", 1, task.name, outcome)
    work.count("nexod_task_seconds", seconds, task.name)
    work.flush_soon()
    facts = {"task": task.name, "outcome": outcome, "ms": round(seconds * 1000, 1), **_ids(task, kwargs)}
    logger.log(logging.INFO if outcome == "success" else logging.WARNING, "task", extra=facts)


def _ids(task: Any, kwargs: Any) -> dict[str, str]:
    """The scope is left by now, so the ids come from the message."""
    headers = {**(task.request.headers or {}), **task.request.__dict__}
    found = {"tenant": headers.get("nexod_tenant"), "request_id": headers.get("nexod_request")}
    found["run"] = (kwargs or {}).get("run_id")
    return {name: str(value) for name, value in {**found, **scope.labels()}.items() if value}


def _last_flush(**kwargs: Any) -> None:
    work.flush()
