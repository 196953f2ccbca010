"""Triggers for tests: made, due, sent to; by the real actions, on the workbench or in a test's transaction."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from nexod.kernel import standard_webhooks
from tenants.context import enter_platform
from tenants.models import DueTime
from tests.workbench import Bench
from workflows.actions.triggers import create_trigger
from workflows.models import Trigger

Json = dict[str, Any]
DAILY: Json = {"cron": "30 7 * * *", "zone": "Europe/Berlin"}


def made(bench: Bench, workflow: Any, kind: str, *, slug: str = "acme", role: str = "editor", **fields: Any) -> Any:
    """Return a new trigger and its secret."""
    with bench.inside(slug):
        given = {"name": f"A {kind}", "kind": kind, **fields}
        return create_trigger(actor=bench.user(role, slug), workflow=workflow, **given)


def make_due(bench: Bench, trigger: Trigger, at: datetime, *, slug: str = "acme") -> None:
    """Let a schedule be due at that time, in the tenant and in public."""
    with bench.inside(slug):
        Trigger.objects.filter(pk=trigger.pk).update(next_due=at)
    with enter_platform():
        DueTime.objects.filter(item=trigger.pk).update(due_at=at, wake_at=at)


def due_rows() -> dict[Any, DueTime]:
    with enter_platform():
        return {row.item: row for row in DueTime.objects.all()}


def signed(
    secret: str, body: Any = None, *, id_: str = "msg_1", at: float | None = None
) -> tuple[bytes, dict[str, str]]:
    """Return a body as bytes, and the headers that sign it by the standard."""
    text = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return text, standard_webhooks.headers([secret], id_=id_, timestamp=int(at or time.time()), body=text)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
