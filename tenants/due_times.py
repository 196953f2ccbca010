"""A tenant's due times in public: set and cleared in the transaction that decides about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tenants.doors import call
from tenants.models import DueTime


def set_due(kind: DueTime.Kind, item: UUID, at: datetime) -> None:
    """Have a worker sent a message about ``item`` at that time; it takes the place of an earlier one.

    At once is some seconds from now: whoever sets it sends the first message.
    """
    call("set_due", kind.value, item, at)


def clear_due(items: Iterable[UUID]) -> None:
    """Forget when these are due."""
    if found := list(items):
        call("clear_due", found)


def take_note(run: UUID) -> datetime | None:
    """Return since when events of the run are to be told to others, and forget it; None when nobody is to be told."""
    found: datetime | None = call("take_note", run)
    return found


def database_now() -> datetime:
    """Return the database's time, which is everybody's: clocks of workers differ."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found


def later(seconds: float) -> datetime:
    """Return the database's time in so many seconds."""
    return database_now() + timedelta(seconds=seconds)
