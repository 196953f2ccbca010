"""Who acts for whom while people are away, and who has whose vote: pure, of ids alone."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID


def stand_in_of(person: UUID, away: Mapping[UUID, UUID]) -> UUID | None:
    """Return who stands in for a person who is away: the first along the line who is there; None where it comes to nobody.

    ``away`` names, for everybody who is away, the stand-in that they chose. A line that leads in a circle leads to nobody.
    """
    passed = {person}
    found = away.get(person)
    while found is not None and found in away:
        if found in passed:
            return None
        passed.add(found)
        found = away[found]
    return found if found not in passed else None
