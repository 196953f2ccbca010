"""Live topics: a hint to whoever watches that something was committed. The database is the truth, a lost hint is harmless."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NewType

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from nexod.kernel.errors import Unavailable

Topic = NewType("Topic", str)
Message = dict[str, Any]


def run_topic(tenant_pk: int, run_id: str) -> Topic:
    """Return the topic of one run; channel group names stay under 100 characters."""
    return Topic(f"t{tenant_pk}.run.{run_id}")


def workspace_topic(tenant_pk: int) -> Topic:
    """Return the topic of everything that a tenant's people are told live."""
    return Topic(f"t{tenant_pk}.workspace")


def publish(topic: Topic, message: Message) -> None:
    """Send ``message`` (JSON values) to the subscribers of ``topic`` when the transaction commits."""
    transaction.on_commit(partial(_send, topic, message))


def _send(topic: Topic, message: Message) -> None:
    async_to_sync(_layer().group_send)(topic, {"type": "topic.message", "message": message})


@asynccontextmanager
async def subscribe(topic: Topic) -> AsyncIterator[AsyncIterator[Message]]:
    """Join ``topic`` at once and give an endless iterator over its messages."""
    layer = _layer()
    channel = await layer.new_channel()
    await layer.group_add(topic, channel)
    try:
        yield _messages(layer, channel)
    finally:
        await layer.group_discard(topic, channel)


def _layer() -> Any:
    layer = get_channel_layer()
    if layer is None:
        raise Unavailable("No channel layer is configured.")
    return layer


async def _messages(layer: Any, channel: str) -> AsyncIterator[Message]:
    while True:
        envelope = await layer.receive(channel)
        yield envelope["message"]
