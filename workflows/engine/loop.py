"""From a message to a parked or ended run: claim the ticket, work for one stretch, leave the ticket."""

from __future__ import annotations

import logging
import random
import time
from uuid import UUID

from nexod.kernel import scope
from tenants.context import release_connections
from workflows.actions.budget_questions import forget_overtaken
from workflows.actions.checkpoints import forget_checkpoints
from workflows.actions.waiting import standing, still_waits
from workflows.engine import drain
from workflows.engine.away import AWAY
from workflows.engine.evaluating import evaluated
from workflows.engine.halts import DATABASE_AWAY, hand_back, is_paused, put_aside
from workflows.engine.lease import DONE, Claim, kept, take
from workflows.engine.reins import Reins
from workflows.engine.stretch import work
from workflows.engine.suspicion import one_suspect_at_a_time
from workflows.errors import RunLost
from workflows.models import Run

logger = logging.getLogger(__name__)
RETRY_EVERY_S = 0.2
# When a worker tries a suspect again that had to make way for another one.
LATER_S = (0.5, 2.0)


def advance(run_id: UUID) -> None:
    """Work on the run until it waits or is over. Does nothing when another worker has it or there is nothing to do."""
    with scope.bound(scope.run, str(run_id)):
        while not drain.begun() and (taken := take(run_id)) is not None:
            claim, begun = taken
            if not (_woken_after(claim) if begun is None else _held(begun, claim, is_new=True)):
                return


def _woken_after(claim: Claim) -> bool:
    """Do what there is to do, leave the ticket, and say whether something happened meanwhile that the run waited for."""
    run = Run.objects.filter(pk=claim.run_id).first()
    if run is None and (left := _judged(claim)) is not None:
        return left
    if run is None or run.is_over:
        return _closed(claim)
    if is_paused(run):
        return put_aside(run, claim)
    if _may_ask_about_a_budget(run):
        forget_overtaken(run.id)
    if still_waits(run):
        return claim.park(run.queue, due_in_s=standing(run.id).due_in_s)
    with one_suspect_at_a_time(run) as admitted:
        return _held(run, claim) if admitted else claim.park(run.queue, due_in_s=_later_s())


def _may_ask_about_a_budget(run: Run) -> bool:
    """Say whether it waits for such a question, or for others beside it, or did so before it was paused."""
    return run.waiting_for in (Run.WaitingFor.BUDGET, Run.WaitingFor.APPROVAL) or run.status == Run.Status.PENDING


def _judged(claim: Claim) -> bool | None:
    """Go on with the evaluation whose ticket it is; None when it is no evaluation's."""
    try:
        with kept(claim, on_loss=lambda: None):  # whoever has a newer claim has a newer fence: nothing can be written
            return evaluated(claim)
    except RunLost:
        return False


def _held(run: Run, claim: Claim, *, is_new: bool = False) -> bool:
    reins = Reins(run.id)
    try:
        with kept(claim, on_loss=lambda: reins.stop(RunLost())), drain.minded(reins):
            return _worked(run, reins, claim, is_new=is_new)
    except RunLost:
        logger.warning("The run is another worker's by now", extra={"run": str(run.id)})
        return False


def _worked(run: Run, reins: Reins, claim: Claim, *, is_new: bool) -> bool:
    """Work; when the database goes away meanwhile, hand the run back as soon as it answers and the claim still holds."""
    try:
        return work(run, reins, claim, is_new=is_new)
    except AWAY as error:
        logger.warning("The database went away from a run at work", extra={"error": type(error).__name__})
    while not reins.lost:
        try:
            return hand_back(run.id, claim, DATABASE_AWAY)
        except AWAY:
            time.sleep(RETRY_EVERY_S)
        finally:
            release_connections()
    raise RunLost


def _closed(claim: Claim) -> bool:
    """Tidy up after a run that was ended, or deleted, while no worker had it."""
    forget_checkpoints(claim.run_id)
    return claim.leave(DONE)


def _later_s() -> float:
    return random.uniform(*LATER_S)  # noqa: S311  no secret
