"""Everybody speaks for themselves; what clients merely tell on harms nobody."""

from __future__ import annotations

import json

import pytest

from collaboration.crdt import awareness
from collaboration.crdt.awareness import NOBODY, Awareness, Impostor, Person
from collaboration.crdt.frames import State
from collaboration.crdt.reader import Malformed
from nexod.kernel.errors import RateLimited, TooLarge

ANN, BEN = Person("a-id", "Ann"), Person("b-id", "Ben")


def words(person: Person = ANN, **more: object) -> str:
    return json.dumps({"user": {"id": person.id, "name": person.name, "color": "#123456"}, **more})


@pytest.fixture
def room():
    room = Awareness()
    room.hear(ANN, "ann", [State(1, 0, words())])
    room.hear(BEN, "ben", [State(2, 0, words(BEN))])
    return room


def known(room: Awareness) -> dict[int, str]:
    return {state.client: state.text for state in room.everybody()}


def test_news_of_oneself_is_told(room):
    moved = State(1, 1, words(cursor=3))
    assert room.hear(ANN, "ann", [moved]) == ([moved], [])
    assert known(room)[1] == moved.text


def test_what_stock_clients_tell_on_is_no_news_and_no_lie(room):
    """They echo what they hear, and take away whom they have not heard of for half a minute."""
    for echo in (State(1, 0, words()), State(1, 0, NOBODY), State(9, 4, NOBODY)):
        assert room.hear(BEN, "ben", [echo]) == ([], [])
    assert set(known(room)) == {1, 2}


@pytest.mark.parametrize(
    "state",
    [
        State(1, 1, words(BEN)), State(1, 1, NOBODY), State(1, 7, "{}"), State(3, 0, words(ANN)), State(0, 0, "{}"),
        State(3, 0, '{"user": {"name": "Ann"}}'), State(3, 0, '{"user": {"id": "a-id"}}'), State(2, 1, words(ANN)),
    ],
)  # fmt: skip
def test_nobody_speaks_as_somebody_else(room, state):
    before = known(room)
    with pytest.raises(Impostor):
        room.hear(BEN, "ben", [state])
    assert known(room) == before


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", Malformed), ("7", Malformed), ("[" * 4000, Malformed), ('{"user": "Ben"}', Malformed), ('{"server": {}}', Malformed),
        ('{"x": NaN}', Malformed), ('{"x": [-Infinity]}', Malformed),
        (json.dumps({"x": "y" * awareness.STATE_LIMIT}), TooLarge),
    ],
)  # fmt: skip
def test_a_state_is_small_json(room, text, error):
    with pytest.raises(error):
        room.hear(BEN, "ben", [State(3, 0, text)])


def test_a_socket_speaks_for_few_clients(room):
    with pytest.raises(RateLimited):
        room.hear(BEN, "ben", [State(10 + n, 0, "{}") for n in range(awareness.CLIENTS_LIMIT + 1)])


def test_who_leaves_is_taken_away_and_may_come_again(room):
    assert room.leave("ann") == [State(1, 0, NOBODY)]
    # Another client tells on what it heard before: it is told that it is over.
    assert room.hear(BEN, "ben", [State(1, 0, words())]) == ([], [State(1, 0, NOBODY)])
    # Hearing that, the client itself says so again with a newer clock, as y-protocols has it.
    assert room.hear(ANN, "again", [State(1, 0, words())]) == ([], [State(1, 0, NOBODY)])
    assert room.hear(ANN, "again", [State(1, 2, words())])[0] == [State(1, 2, words())]


def test_nobody_takes_the_client_of_somebody_whose_line_broke(room):
    """Its own person would be shown out when it comes again, for speaking as somebody else."""
    room.leave("ann")
    theirs = State(1, 2**50, words(BEN))
    assert room.hear(BEN, "ben", [theirs]) == ([], [State(1, 0, NOBODY)])
    assert room.relay([(theirs, BEN.id)]) == ([], [])
    assert set(known(room)) == {2}
    back = State(1, 1, words())
    assert room.hear(ANN, "again", [back]) == ([back], [])
    assert room.relay([(theirs, BEN.id)]) == ([], []), "nor while it is here"
    assert room.person_of(1) == ANN.id


def test_who_left_another_process_is_remembered_with_its_person(room):
    room.relay([(State(5, 3, words()), ANN.id)])
    room.relay([(State(5, 3, NOBODY), "")])
    room.relay([(State(5, 3, NOBODY), "")])
    assert room.hear(BEN, "ben", [State(5, 9, words(BEN))]) == ([], [State(5, 3, NOBODY)])
    assert room.relay([(State(5, 4, words()), ANN.id)])[0]


def test_a_client_that_came_again_outlives_its_former_socket(room):
    assert room.hear(ANN, "again", [State(1, 0, words())]) == ([], [])
    assert room.leave("ann") == []
    assert set(known(room)) == {1, 2}
    assert room.leave("again") == [State(1, 0, NOBODY)]


def test_what_another_process_tells_is_relayed_once(room):
    theirs = State(5, 3, words())
    assert room.relay([(theirs, ANN.id)]) == ([theirs], [])
    assert room.relay([(theirs, ANN.id)]) == ([], [])
    with pytest.raises(Impostor):
        room.hear(BEN, "ben", [State(5, 4, words(BEN))])
    assert room.relay([(State(5, 3, NOBODY), "")]) == ([State(5, 3, NOBODY)], [])
    assert 5 not in known(room)


def test_another_process_cannot_take_away_who_is_here(room):
    gone = State(1, 0, NOBODY)
    assert room.relay([(gone, "")]) == ([], [gone])
    assert set(known(room)) == {1, 2}


def test_silence_ends_a_presence_but_not_the_server(room, monkeypatch):
    room.serve({"problems": []})
    monkeypatch.setattr(awareness, "EXPIRES_S", -1)
    assert {state.client for state in room.expire()} == {1, 2}
    assert set(known(room)) == {0}


def test_the_server_speaks_as_client_0_with_a_clock_that_grows(room):
    assert room.serve() == []
    (first,) = room.serve({"seq": 1})
    (again,) = room.serve()
    assert (first.client, again.client, first.text) == (0, 0, '{"server":{"seq":1}}')
    assert again.clock > first.clock
    assert again.text == first.text
