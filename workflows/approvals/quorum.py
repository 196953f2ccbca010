"""Whether votes decide a question: pure, the same for every kind of question.

any: the first vote decides. A number, or all: so many, or everybody, have to approve. Then a request for changes decides at
once, for what is asked will be another; a rejection decides as soon as those who have not voted cannot bring enough approvals,
which for all is at once. Who has voted counts once, for how many others they may stand in; of all, a stand-in's
vote is enough for whoever is away, and who is away with nobody to stand in is not waited for while others are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from uuid import UUID

from workflows.approvals.policy import Quorum

APPROVE, EDIT, REJECT, CHANGES = "approve", "edit", "reject", "request_changes"


@dataclass(frozen=True, slots=True)
class Said:
    """One vote: who gave it, for whom, and what it says; an edit approves what was edited."""

    user: UUID | None
    for_user: UUID | None
    decision: str

    @property
    def approves(self) -> bool:
        """Say whether it is for what is asked."""
        return self.decision in (APPROVE, EDIT)


@dataclass(frozen=True, slots=True)
class Tally:
    """How the votes of a round stand. ``missing`` are the places of those who could still vote."""

    needed: int
    approved: int
    rejected: int
    places: int
    missing: frozenset[UUID]
    absent: frozenset[UUID] = frozenset()
    """Of those missing, who is away with nobody to stand in."""
    outcome: str = ""

    @property
    def left(self) -> int:
        """Return how many could still vote."""
        return len(self.missing)

    @property
    def is_short(self) -> bool:
        """Say whether those who are there cannot bring what is needed, nor has it been decided."""
        return not self.outcome and self.approved + len(self.missing - self.absent) < max(1, self.needed)


def tally(
    quorum: Quorum,
    said: Sequence[Said],
    places: Set[UUID],
    stand_ins: Mapping[UUID, UUID],
    absent: Set[UUID] = frozenset(),
) -> Tally:
    """Return how it stands. ``places`` are those who may decide now, ``stand_ins`` who acts for those of them who are away,
    ``absent`` those of them for whom nobody does."""
    voted = {vote.user for vote in said}
    filled = voted | {vote.for_user for vote in said}
    covered = {place for place in places if stand_ins.get(place) in voted} if quorum == "all" else set()
    missing = frozenset(places - filled - covered)
    if quorum == "all" and (said or missing - absent):
        missing -= absent
    approved = sum(vote.approves for vote in said)
    rejected = sum(vote.decision == REJECT for vote in said)
    needed = quorum if isinstance(quorum, int) else 1 if quorum == "any" else len(missing) + len(said)
    counted = Tally(needed, approved, rejected, len(places), missing, missing & absent)
    return replace(counted, outcome=_outcome(quorum, said, counted))


def _outcome(quorum: Quorum, said: Sequence[Said], counted: Tally) -> str:
    if not said:
        return ""
    if quorum == "any":
        return said[0].decision
    if any(vote.decision == CHANGES for vote in said):
        return CHANGES
    if counted.rejected and (quorum == "all" or counted.approved + len(counted.missing) < counted.needed):
        return REJECT
    return APPROVE if counted.approved >= counted.needed else ""
