"""Writes that are worth waiting for: what was done outside, or paid, must be noted also when the database is away for a moment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import transaction

from tenants.context import release_connections
from workflows.engine.away import AWAY
from workflows.engine.reins import Reins

logger = logging.getLogger(__name__)
PATIENCE_S, PAUSE_S = 20.0, 0.3


def insisted(write: Callable[[], object], reins: Reins, *, is_written: Callable[[], bool]) -> None:
    """Do ``write`` until the database has it: ``is_written`` tells whether a try whose answer was lost got through.

    Gives up after PATIENCE_S, or when the run is another worker's; inside a transaction there is one try.
    """
    ends_at = time.monotonic() + PATIENCE_S
    tried = False
    while True:
        try:
            if not (tried and is_written()):
                write()
        except AWAY:
            if reins.lost or time.monotonic() > ends_at or transaction.get_connection().in_atomic_block:
                raise
            logger.warning("The database is away; what was done is noted when it is back")
        else:
            return
        tried = True
        release_connections()
        time.sleep(PAUSE_S)
