"""Claims: a run's ticket is taken by compare-and-set and kept alive by one thread for all the runs of this process."""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction

from nexod.kernel.queue import ADVANCE, enqueue
from tenants import doors
from tenants.context import current_tenant, enter_tenant, release_connections
from tenants.models import Tenant
from workflows.actions.beginnings import begin_run
from workflows.models import Run

logger = logging.getLogger(__name__)
BEATS_PER_LEASE = 3
SOON_S = 60.0
PARKED, READY, DONE = "parked", "ready", "done"


@dataclass(slots=True, eq=False)
class Claim:
    """That this process may work on the run, until ``ends_at`` unless it is prolonged."""

    run_id: UUID
    token: int
    tenant: Tenant
    lease_s: float
    ends_at: float
    on_loss: Callable[[], None] = lambda: None

    @property
    def beat_at(self) -> float:
        """When it should be prolonged."""
        return self.ends_at - self.lease_s * (1 - 1 / BEATS_PER_LEASE)

    def leave(self, state: str) -> bool:
        """Leave the ticket PARKED, READY or DONE; True when it is ready, such as woken meanwhile, to be claimed again.

        Called in the transaction that says the same in the run's row, so that no power cut comes between the two.
        """
        return doors.leave_ticket(self.run_id, self.token, state)

    def leaving(self, state: str) -> tuple[str, list[Any]]:
        """Return the call that leaves the ticket, for a statement that does more."""
        return doors.leaving(self.run_id, self.token, state)

    def park(self, queue: str, *, due_in_s: float | None) -> bool:
        """Leave the ticket parked, or to be claimed again in so many seconds; True as in ``leave``.

        The queue's sweep sends a ticket that is due; one that is due soon has a message of its own.
        """
        with transaction.atomic():
            woken = self.leave(PARKED)
            if woken or due_in_s is None:
                return woken
            doors.open_ticket(self.run_id, queue, delay_s=due_in_s)
            if due_in_s <= SOON_S:
                enqueue(ADVANCE, queue=queue, delay_s=due_in_s, run=str(self.run_id))
            return False


def take(run_id: UUID) -> tuple[Claim, Run | None] | None:
    """Return a claim on the run, and the run if it is new and begins with that; None when it is not free."""
    lease_s: float = settings.NEXOD_LEASE_S
    asked_at = time.monotonic()
    begun = begin_run(run_id, worker_name(), lease_s)
    # The ticket of a run that was deleted is still to be closed.
    token = begun.token if begun is not None else doors.claim_ticket(run_id, worker_name(), lease_s)
    if token is None:
        return None
    return Claim(run_id, token, current_tenant(), lease_s, asked_at + lease_s), begun.run if begun is not None else None


@contextmanager
def kept(claim: Claim, *, on_loss: Callable[[], None]) -> Iterator[None]:
    """Keep the claim alive inside the block; ``on_loss`` is called from another thread when that does not succeed."""
    claim.on_loss = on_loss
    _keeper.add(claim)
    try:
        yield
    finally:
        _keeper.remove(claim)


@cache
def worker_name() -> str:
    """Return what staff see in the queue: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class _Keeper:
    """One thread that prolongs the claims of this process; it sleeps while there are none."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._claims: set[Claim] = set()
        self._thread: threading.Thread | None = None
        self._looks_at = math.inf

    def add(self, claim: Claim) -> None:
        with self._changed:
            self._claims.add(claim)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._beat, name="nexod-leases", daemon=True)
                self._thread.start()
            if claim.beat_at < self._looks_at:  # most claims are gone before: nobody is woken for them
                self._changed.notify()

    def remove(self, claim: Claim) -> None:
        with self._changed:
            self._claims.discard(claim)

    def _beat(self) -> None:
        while True:
            for claim in self._due():
                _prolong(claim)
                if claim.ends_at <= time.monotonic():
                    self.remove(claim)
                    claim.on_loss()
            release_connections()

    def _due(self) -> list[Claim]:
        with self._changed:
            while not (due := [claim for claim in self._claims if claim.beat_at <= time.monotonic()]):
                self._looks_at = min((claim.beat_at for claim in self._claims), default=math.inf)
                left = self._looks_at - time.monotonic()
                self._changed.wait(None if left == math.inf else max(0.0, left))
            return due


def _prolong(claim: Claim) -> None:
    """Move the claim's end; a database that is away for a moment does not end it before its time."""
    asked_at = time.monotonic()
    try:
        with enter_tenant(claim.tenant):
            held = doors.keep_ticket(claim.run_id, claim.token, claim.lease_s)
    except DatabaseError:
        logger.exception("A lease could not be prolonged", extra={"run": str(claim.run_id)})
        time.sleep(min(0.5, claim.lease_s / 10))
        return
    claim.ends_at = asked_at + claim.lease_s if held else 0.0


_keeper = _Keeper()


def _forget() -> None:
    """A forked worker has none of its parent's threads and claims."""
    global _keeper
    _keeper = _Keeper()
    worker_name.cache_clear()


os.register_at_fork(after_in_child=_forget)
