"""Celery tasks are enqueued by name and on commit, always for a tenant or, said aloud, for the platform."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from nexod.kernel import scope
from nexod.kernel.errors import TenantRequired

TENANT_HEADER = "nexod_tenant"
REQUEST_HEADER = "nexod_request"
QUEUES = ("default", "high", "runs", "crews_high", "crews", "webhooks", "ingest", "ops")
# For runs that must not wait for others, one beside each queue of runs: workers look there first.
URGENT = {"runs": "high", "crews": "crews_high"}
# These hold wake-ups of runs and nothing else: each has a ticket, by which it is sent again when it is lost.
RUN_QUEUES = (*URGENT, *URGENT.values())
# Wakes a worker for a run. The one Celery task that the public plane sends as well: its sweeper, when a message was lost.
ADVANCE = "workflows.advance_run"
logger = logging.getLogger(__name__)


def enqueue(name: str, *, queue: str = "default", delay_s: float = 0, **kwargs: Any) -> None:
    """Send the Celery task ``name`` for the tenant of the scope when the transaction commits.

    ``kwargs`` are JSON values, ids rather than objects. Raises TenantRequired outside a tenant. What is committed stays
    so when the broker is away: that is logged, and who committed is not told that it failed.
    """
    tenant = scope.tenant.get()
    if not tenant:
        raise TenantRequired(f"{name} was enqueued outside a tenant.")
    _send_on_commit(name, queue, delay_s, kwargs, {TENANT_HEADER: tenant})


def enqueue_for(tenant: str, name: str, *, queue: str = "default", **kwargs: Any) -> None:
    """Send the Celery task ``name`` for a tenant when the transaction of the public plane commits."""
    _send_on_commit(name, queue, 0, kwargs, {TENANT_HEADER: tenant})


def enqueue_platform(name: str, *, queue: str = "ops", delay_s: float = 0, **kwargs: Any) -> None:
    """Send the Celery task ``name`` of the public plane when the transaction commits."""
    _send_on_commit(name, queue, delay_s, kwargs, {})


def send(name: str, *, tenant: str, queue: str, **kwargs: Any) -> None:
    """Send the Celery task ``name`` for a tenant now, from outside of it; raise kombu's OperationalError when it cannot."""
    headers = {TENANT_HEADER: tenant, REQUEST_HEADER: scope.request_id.get()}
    current_app.send_task(name, kwargs=kwargs, queue=_known(queue), headers=headers)


def _send_on_commit(name: str, queue: str, delay_s: float, kwargs: dict[str, Any], headers: dict[str, str]) -> None:
    headers = {**headers, REQUEST_HEADER: scope.request_id.get()}
    queue, delay = _known(queue), delay_s or None
    send_it = partial(current_app.send_task, name, kwargs=kwargs, queue=queue, countdown=delay, headers=headers)
    transaction.on_commit(partial(_try_to_send, name, send_it))


def _try_to_send(name: str, send_it: Callable[[], object]) -> None:
    try:
        send_it()
    except OperationalError as error:
        logger.warning(
            "A Celery message is lost, for the broker is away", extra={"task": name, "error": str(error)[:200]}
        )


def _known(queue: str) -> str:
    if queue not in QUEUES:
        raise ValueError(f"There is no queue {queue!r}.")
    return queue
