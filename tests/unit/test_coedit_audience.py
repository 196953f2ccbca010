"""Who sits in a room is counted in the order in which people come and go."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from uuid import uuid4

import pytest

from collaboration.crdt import audience as audiences
from collaboration.crdt import presence
from collaboration.crdt.audience import Audience
from collaboration.crdt.awareness import Person
from collaboration.crdt.seat import Seat
from nexod.kernel.errors import NotFound, RateLimited


def seat() -> Seat:
    return Seat(Person("ann", "Ann"), uuid4(), may_write=True)


@pytest.fixture
def audience():
    return Audience(SimpleNamespace(pk=1), "workflow:1")


async def test_who_goes_and_comes_again_stays_counted(audience, monkeypatch):
    """Taking away may last longer than adding: it is given a second, in which the other must not overtake it."""
    counted, added = set(), threading.Event()

    def count(tenant_pk, name, here, gone):
        if gone:
            added.wait(1)
        counted.difference_update(gone)
        counted.update(here)
        if here:
            added.set()

    first = seat()
    audience.enter(first)
    audience.leave(first)
    monkeypatch.setattr(presence, "count", count)
    going = asyncio.create_task(audience.count())
    await asyncio.sleep(0)
    audience.enter(seat())
    await asyncio.gather(going, audience.count())
    assert counted == {presence.Editor("ann", "Ann", writes=True)}


async def test_one_of_two_tabs_that_closes_takes_nobody_away(audience, monkeypatch):
    said = []
    monkeypatch.setattr(presence, "count", lambda tenant_pk, name, here, gone: said.append((len(here), len(gone))))
    one, two = seat(), seat()
    audience.enter(one)
    audience.enter(two)
    audience.leave(one)
    await audience.count()
    audience.leave(two)
    await audience.count()
    await audience.count()
    assert said == [(1, 0), (0, 1), (0, 0)]


async def test_only_who_has_asked_is_told_of_changes(audience):
    asked, new = seat(), seat()
    audience.enter(asked)
    audience.enter(new)
    asked.has_asked = True
    audience.relay(b"\x00\x00", b"before")
    assert await asked.frame() == b"\x00\x02\x02\x00\x00"
    audience.refuse(NotFound())
    for one in (asked, new):
        with pytest.raises(NotFound):
            await one.frame()


async def test_one_too_many_is_refused(audience, monkeypatch):
    monkeypatch.setattr(audiences, "SEATS_LIMIT", 1)
    audience.enter(seat())
    late = seat()
    with pytest.raises(RateLimited):
        audience.enter(late)
    assert late not in audience
    assert len(audience) == 1
