"""Lets a document's subject make use of what editors changed: soon, once for many changes, and never all the time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError

from collaboration.crdt.subjects import subject_of
from nexod.kernel.errors import NexodError
from tenants.context import in_tenant
from tenants.models import Tenant

SOON_S = 0.5
# However long it takes, it takes a tenth of the time at most, unless nobody would be told anything for longer than that.
REST, LONGEST_S = 10, 10.0
logger = logging.getLogger(__name__)


class Settling:
    """One document's. ``say`` is called with what the subject wants to be shown."""

    def __init__(self, tenant: Tenant, name: str, say: Callable[[dict[str, Any]], None]) -> None:
        self._tenant, self._say = tenant, say
        self._subject, self._pk = subject_of(name)
        self._is_due = False
        self._took = 0.0
        self._work: asyncio.Task[None] | None = None

    def soon(self) -> None:
        """Settle after SOON_S."""
        self._is_due = True
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._settle_while_due())

    async def close(self) -> None:
        """Settle now what is not settled."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        if self._is_due:
            await self._settle()

    async def _settle_while_due(self) -> None:
        while self._is_due:
            await asyncio.sleep(max(SOON_S, min(REST * self._took, LONGEST_S)))
            await self._settle()

    async def _settle(self) -> None:
        self._is_due, began = False, time.monotonic()
        try:
            said = await in_tenant(self._tenant, self._subject.settled, self._pk)
        except (NexodError, DatabaseError) as error:
            # Whoever reads the subject next settles it, or the next change does.
            logger.warning("A document could not be settled", extra={"reason": type(error).__name__})
        else:
            if said is not None:
                self._say(said)
        self._took = time.monotonic() - began
