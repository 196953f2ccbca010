"""The thread in every worker that wakes runs which nobody looks after: their message was lost, or their worker was."""

from __future__ import annotations

import logging
import random
import threading
from collections import Counter

from django.db import DatabaseError
from kombu.exceptions import OperationalError
from redis import RedisError

from nexod.kernel import turning
from nexod.kernel.queue import RUN_QUEUES
from nexod.observability import work
from tenants.actions.due_times import BATCH as DUE_BATCH
from tenants.actions.due_times import correct_due_times, sweep_due_times
from tenants.actions.tickets import BATCH, Due, correct_times, hasten, sweep
from tenants.context import enter_platform, release_connections

logger = logging.getLogger(__name__)
EVERY_S = 1.0
LOOP = "sweeper"
# How many sweeps lie between two looks for what a clock that was set back has moved out of reach.
CORRECTED_EVERY = 60
# And between two looks for messages that came to nothing.
HASTENED_EVERY = 5
REASONS = {"ready": "message_lost", "claimed": "worker_lost"}


class Sweeper:
    """Two cheap queries a second. It goes on through whatever is away, and says once that it is and once that it is back."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._over = threading.Event()
        self._away = ""
        self._beats = 0
        self._thread = threading.Thread(target=self._run, name="nexod-sweeper", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        turning.begin(LOOP)
        self._thread.start()

    def stop(self) -> None:
        """Sweep no more."""
        turning.forget(LOOP)
        self._over.set()

    def beat(self) -> list[Due]:
        """Wake everything that is due, and return it."""
        woken: list[Due] = []
        with enter_platform():
            if self._beats % CORRECTED_EVERY == 0 and (moved := correct_times()):
                logger.warning(
                    "The database's clock went back; runs that waited for it are woken", extra={"runs": moved}
                )
            if self._beats % CORRECTED_EVERY == 0:
                correct_due_times()
            if self._beats % HASTENED_EVERY == 0:
                hasten(_empty_queues())
            self._beats += 1
            while found := sweep():
                turning.note(LOOP)
                woken += found
                if len(found) < BATCH:
                    break
            while len(sweep_due_times()) == DUE_BATCH:
                turning.note(LOOP)
        return woken

    def _run(self) -> None:
        # Workers that were started together do not sweep together.
        pause_s = random.uniform(0, self._every_s)  # noqa: S311
        while not self._over.wait(pause_s):
            pause_s = self._every_s
            try:
                _tell(self.beat())
            except (DatabaseError, OperationalError) as error:
                self._note_away(type(error).__name__)
            except Exception:
                logger.exception("A sweep failed")
            else:
                self._note_back()
            finally:
                release_connections()
                turning.note(LOOP)

    def _note_away(self, error: str) -> None:
        work.count("nexod_sweeps_failed", 1)
        if not self._away:
            logger.warning("The sweeper cannot work; it goes on trying", extra={"error": error})
        self._away = error

    def _note_back(self) -> None:
        if self._away:
            logger.info("The sweeper works again")
        self._away = ""


def _empty_queues() -> list[str]:
    try:
        lengths = work.queue_lengths()
    except RedisError:  # what is due says itself that the broker is away
        return []
    return [queue for queue in RUN_QUEUES if not lengths[queue]]


def _tell(woken: list[Due]) -> None:
    for state, number in Counter(due.state for due in woken).items():
        reason = REASONS[state]
        work.count("nexod_tickets_woken", number, reason)
        logger.info("Runs were woken", extra={"runs": number, "reason": reason})
