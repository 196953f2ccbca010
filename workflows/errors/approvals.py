"""How approvals refuse."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, PermissionDenied, StopsRun


class ApprovalAlreadyDecided(Conflict):
    """This approval has been decided already."""

    code = "approval_already_decided"


class ApprovalWithdrawn(Conflict):
    """This approval is not needed any more: its run has ended."""

    code = "approval_withdrawn"


class ApprovalChanged(Conflict):
    """What is to be decided has changed since you saw it. Look at it as it is now."""

    code = "approval_changed"


class ApprovalClaimed(Conflict):
    """Somebody else has claimed this approval."""

    code = "approval_claimed"


class VoteCast(Conflict):
    """You have voted on this already."""

    code = "vote_cast"


class ClaimUseless(Conflict):
    """Several people have to vote on this, so nobody can keep it to themselves."""

    code = "claim_useless"


class NotAsked(PermissionDenied):
    """This is not yours to decide."""

    code = "not_asked"


class ApprovalAssigned(NotAsked):
    """This approval was given to somebody else."""

    code = "approval_assigned"


class DutiesSeparated(PermissionDenied):
    """Somebody else has to decide this."""

    code = "duties_separated"


class ApproversMissing(StopsRun):
    """Fewer people may decide this than have to."""

    code, status = "approvers_missing", 422


class ApprovalOverdue(StopsRun):
    """Nobody decided in time."""

    code, status = "approval_overdue", 504


class AbsencesOverlap(Conflict):
    """There is an absence at that time already."""

    code = "absences_overlap"
