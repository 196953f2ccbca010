"""From a message to a parked or ended run: claim the ticket, work for one stretch, leave the ticket."""

from __future__ import annotations

import logging
from uuid import UUID

from nexod.kernel import scope
from workflows.actions.runs import waits_for_a_person
from workflows.engine.lease import Claim, kept, take
from workflows.engine.reins import Reins
from workflows.engine.stretch import work
from workflows.errors import RunLost
from workflows.models import Run

logger = logging.getLogger(__name__)
PARKED, DONE = "parked", "done"


def advance(run_id: UUID) -> None:
    """Work on the run until it waits or is over. Does nothing when another worker has it or there is nothing to do."""
    with scope.bound(scope.run, str(run_id)):
        while (claim := take(run_id)) is not None:
            state = _claimed(claim)
            if state is None or not (claim.leave(state) and state == PARKED):
                return


def _claimed(claim: Claim) -> str | None:
    """Return how the ticket is to be left, or None when it is another worker's by now."""
    run = Run.objects.filter(pk=claim.run_id).first()
    if run is None or run.is_over:
        return DONE
    if waits_for_a_person(run):
        return PARKED
    reins = Reins(run.id)
    try:
        with kept(claim, on_loss=lambda: reins.stop(RunLost())):
            return PARKED if work(run, reins) else DONE
    except RunLost:
        logger.warning("The run is another worker's by now", extra={"run": str(run.id)})
        return None
