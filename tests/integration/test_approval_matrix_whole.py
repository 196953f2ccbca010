"""Who asks, how many decide, who is kept out, who is away, what is too late and what dies, each together with each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product

import pytest

from tests.integration.test_approval_matrix import (
    CRASHES,
    QUORUM,
    SEPARATED,
    TIMES,
    WHO,
    Story,
    makers,
    may_build,
    story,
)
from tests.integration.test_approval_times import later, swept
from tests.integration.test_effects import outside
from tests.panel import panel

__all__ = ["may_build", "outside", "panel", "story"]
STRIDE = 5
EVERY = list(product(WHO, QUORUM, SEPARATED, ("nobody", "ben"), TIMES, CRASHES))
TRIED = EVERY[::STRIDE]
"""A fifth of all: any three of these come together in every way."""


def test_any_three_are_tried_in_every_way() -> None:
    for places in combinations(range(len(EVERY[0])), 3):
        every, tried = ({tuple(one[place] for place in places) for one in rows} for rows in (EVERY, TRIED))
        assert tried == every


@pytest.mark.parametrize(("who", "quorum", "separated", "away", "times", "crash"), TRIED)
def test_all_of_it_together(
    story: Callable[..., Story],
    may_build: None,
    who: str,
    quorum: str,
    separated: str,
    away: str,
    times: str,
    crash: str,
) -> None:
    told, (wanted, needed) = story(crash), QUORUM[quorum]
    policy = {"who": WHO[who], "quorum": wanted, "separate": ["starter", "editor"]}
    told.start({**policy, "due": {"after": "1h", "on_timeout": "reject"}}, **makers(separated))
    voters = ["ann", "ben", "cal"]
    if away == "ben":
        told.panel.away("ben", "admin")
        voters[1] = "admin"
    if separated != "nobody":
        assert told.panel.refused(told.run, "ann") == "duties_separated"
        voters.remove("ann")
    if quorum == "all" and who == "roles":
        voters += ["dan", "approver"]
    *first, last = voters if quorum == "all" else voters[:needed]
    told.votes(*first)
    if times == "in time":
        told.votes(last)
    later(told.bench, told.run, 3601)
    swept(told.bench)
    assert told.panel.refused(told.run, last) == "approval_already_decided"
    told.was_executed(1 if times == "in time" else 0)
    voted = [*first, last] if times == "in time" else first
    assert (("delegated", "admin", "ben") in told.panel.entries(told.run)) is ("admin" in voted)
