"""Live topics: a hint to whoever watches that something was committed. The database is the truth, a lost hint is harmless."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NewType

from django.db import transaction

from nexod.kernel.hub import Inbox, hub_of_loop
from nexod.kernel.outbox import outbox

Topic = NewType("Topic", str)
Message = dict[str, Any]


def run_topic(tenant_pk: int, run_id: str) -> Topic:
    """Return the topic of one run; channel group names stay under 100 characters."""
    return Topic(f"t{tenant_pk}.run.{run_id}")


def workspace_topic(tenant_pk: int) -> Topic:
    """Return the topic of everything that a tenant's people are told live."""
    return Topic(f"t{tenant_pk}.workspace")


def document_topic(tenant_pk: int, name: str) -> Topic:
    """Return the topic of one shared document, ``<kind>:<id>``; names of groups have no colon."""
    return Topic(f"t{tenant_pk}.document.{name.replace(':', '.')}")


def publish(topic: Topic, message: Message) -> None:
    """Send ``message`` (JSON values) to the subscribers of ``topic`` when the transaction commits; never waits for the wire."""

    def send() -> None:  # a partial has no __qualname__, which Django wants to log if it fails
        _send(topic, message)

    transaction.on_commit(send, robust=True)


def tell(topic: Topic, message: Message) -> None:
    """Send ``message`` now: what no transaction stands behind. Never waits."""
    outbox.put(topic, message)


def _send(topic: Topic, message: Message) -> None:
    outbox.put(topic, message)


def moved(topic: Topic, kind: str, piece: Message) -> None:
    """Tell the subscribers soon, together with what else moved, how ``piece["id"]`` is now; to be called after the commit.

    They get ``{"kind", "moved": [...], "more"}``: the newest piece of each id, and how many more did not fit.
    """
    outbox.fold(topic, kind, piece)


@asynccontextmanager
async def subscribe(topic: Topic) -> AsyncIterator[Inbox]:
    """Join ``topic`` and give what arrives from now on."""
    hub = hub_of_loop()
    inbox = await hub.join(topic)
    try:
        yield inbox
    finally:
        await hub.leave(topic, inbox)
