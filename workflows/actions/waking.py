"""Wake a run: the ticket is the truth, the message a hint."""

from __future__ import annotations

from uuid import UUID

from nexod.kernel.queue import ADVANCE, enqueue
from tenants import doors


def send_worker(run_id: UUID, queue: str) -> None:
    """Send a worker the message on commit; the run's ticket is open."""
    enqueue(ADVANCE, queue=queue, run=str(run_id))


def wake(run_id: UUID, queue: str) -> None:
    """Open the run's ticket, and send a worker the message on commit.

    When a worker has the run it looks again before it leaves it; one that is gone is noticed when its lease has run out.
    """
    doors.open_ticket(run_id, queue)
    send_worker(run_id, queue)
