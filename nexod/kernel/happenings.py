"""What happens in a tenant that others may wait for. Told inside the transaction in which it happens, to whoever registered.

Listeners write rows of their own app, nothing else: no network, no waiting. So what is told is as durable as what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """``kind`` is past tense, such as run.completed. ``key`` is the same when the same thing is told again."""

    kind: str
    key: str
    data: Json = field(default_factory=dict)
    """Facts as JSON: ids, names, states. Never the content of a document or the outputs of a run."""
    at: datetime | None = None
    """When it happened; None is now."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear. ``asks`` is SQL that gives a truth value: whether anybody in this tenant listens at all."""

    name: str
    asks: str
    hear: Callable[[Happening], None]


_listeners: dict[str, Listener] = {}


def register(listener: Listener) -> None:
    """Have the listener told from now on; call it once, where an app is made ready."""
    _listeners[listener.name] = listener


def anybody_sql() -> str:
    """Return SQL that says whether anybody listens, for statements that are sent anyway."""
    return " OR ".join(f"({listener.asks})" for listener in _listeners.values()) or "false"


def tell(happening: Happening) -> None:
    """Tell it, when anybody in this tenant listens. Call it inside the transaction in which it happens."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {anybody_sql()}")
        listened = cursor.fetchone()[0]
    if listened:
        tell_listeners(happening)


def tell_listeners(happening: Happening) -> None:
    """Tell it without asking first."""
    for listener in _listeners.values():
        listener.hear(happening)
