"""When votes decide, and who stands in for whom: of ids alone, for any number of people."""

from __future__ import annotations

from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.approvals.quorum import Said, tally
from workflows.approvals.standing import stand_in_of

A, B, C, D = (UUID(int=number) for number in range(1, 5))
EVERYBODY = {A, B, C}


def votes(*said: str) -> list[Said]:
    """Return votes such as ``a+`` (approves), ``b-`` (rejects), ``c~`` (wants changes), ``d+a`` (approves for a)."""
    people = {"a": A, "b": B, "c": C, "d": D}
    words = {"+": "approve", "-": "reject", "~": "request_changes", "*": "edit"}
    return [Said(people[one[0]], people.get(one[2:]), words[one[1]]) for one in said]


@pytest.mark.parametrize(
    ("quorum", "said", "outcome"),
    [
        ("any", "", ""),
        ("any", "a+", "approve"),
        ("any", "a-", "reject"),
        ("any", "a*", "edit"),
        (1, "a-", ""),
        (1, "a- b+", "approve"),
        (1, "a- b- c-", "reject"),
        (2, "a+", ""),
        (2, "a+ b+", "approve"),
        (2, "a* b+", "approve"),
        (2, "a+ b-", ""),
        (2, "a- b-", "reject"),
        (2, "a+ b- c+", "approve"),
        (2, "a+ b~", "request_changes"),
        (3, "a-", "reject"),
        ("all", "a+ b+", ""),
        ("all", "a+ b+ c+", "approve"),
        ("all", "a+ b-", "reject"),
        ("all", "a+ c~", "request_changes"),
    ],
)
def test_votes_of_three_people(quorum: int | str, said: str, outcome: str) -> None:
    assert tally(quorum, votes(*said.split()), EVERYBODY, {}).outcome == outcome


def test_of_all_a_stand_in_is_enough_for_whoever_is_away() -> None:
    assert tally("all", votes("b+", "c+"), EVERYBODY, {A: B}).outcome == "approve"
    assert tally("all", votes("b+", "d+a", "c+"), EVERYBODY, {A: D}).outcome == "approve"
    assert tally("all", votes("b+", "c+"), EVERYBODY, {A: D}).outcome == ""


def test_of_a_number_each_person_counts_once_whomever_they_stand_in_for() -> None:
    counted = tally(2, votes("b+"), EVERYBODY, {A: B})
    assert (counted.approved, counted.outcome) == (1, "")


def test_people_who_leave_reject_nothing() -> None:
    """Only a rejection rejects; that too few are left keeps it open, for somebody to be added."""
    assert tally(3, votes("a+"), {A}, {}).outcome == ""


def test_what_is_missing_are_those_who_could_still_vote() -> None:
    counted = tally(2, votes("a+", "d-b"), EVERYBODY, {})
    assert (counted.needed, counted.approved, counted.rejected, counted.missing) == (2, 1, 1, {C})


@given(quorum=st.sampled_from(["any", "all", 1, 2, 3, 4]), said=st.lists(st.sampled_from("+-~"), max_size=4))
def test_a_decision_stands_whoever_votes_next(quorum: int | str, said: list[str]) -> None:
    """Votes decide at one moment: no later vote could have been counted otherwise, so the first outcome is the only one."""
    people = dict(zip("abcd", said, strict=False))
    found = [
        tally(quorum, votes(*(f"{who}{word}" for who, word in list(people.items())[:number])), {A, B, C, D}, {}).outcome
        for number in range(len(people) + 1)
    ]
    decided = [outcome for outcome in found if outcome]
    if decided and quorum != "any":
        first = found.index(decided[0])
        assert sum(word == "+" for word in said[:first]) <= (4 if quorum == "all" else int(quorum))
        assert decided[0] != "approve" or "~" not in said[:first]
    if len(said) == 4 and "~" not in said:
        assert decided, "when everybody has voted it is decided"


@given(line=st.lists(st.integers(0, 9), min_size=1, max_size=10))
def test_a_stand_in_is_somebody_who_is_there_or_nobody(line: list[int]) -> None:
    people = [UUID(int=number + 1) for number in range(10)]
    away = {people[place]: people[other] for place, other in zip(count(), line, strict=False) if place != other}
    for person in away:
        found = stand_in_of(person, away)
        assert found is None or (found != person and found not in away)


def test_a_line_of_stand_ins_is_followed_and_a_circle_leads_to_nobody() -> None:
    assert stand_in_of(A, {A: B, B: C}) == C
    assert stand_in_of(A, {A: B, B: A}) is None
    assert stand_in_of(A, {A: B, B: C, C: B}) is None
    assert stand_in_of(A, {B: C}) is None


def test_of_all_who_is_away_with_nobody_to_stand_in_is_not_waited_for() -> None:
    assert tally("all", votes("a+", "b+"), EVERYBODY, {}, {C}).outcome == "approve"
    assert tally("all", votes("a+"), EVERYBODY, {}, {C}).outcome == ""
    assert tally("all", [], EVERYBODY, {}, {C}).outcome == ""
    assert tally(2, votes("a+"), EVERYBODY, {}, {B, C}).outcome == ""


@pytest.mark.parametrize(
    ("quorum", "said", "places", "absent", "is_short"),
    [
        ("any", "", set(), set(), True),
        ("any", "", {A}, set(), False),
        ("any", "", {A}, {A}, True),
        ("all", "", set(), set(), True),
        ("all", "", {A, B}, {A}, False),
        ("all", "a+", {A, B}, set(), False),
        ("all", "a+", {A, B}, {B}, False),
        (2, "", {A, B}, set(), False),
        (2, "", {A, B}, {B}, True),
        (2, "a+", {A}, set(), True),
        (2, "a+", {A, B}, set(), False),
        (2, "a+ b+", {A, B}, set(), False),
    ],
)
def test_it_is_short_where_those_who_are_there_cannot_bring_it(quorum, said, places, absent, is_short) -> None:
    assert tally(quorum, votes(*said.split()), places, {}, absent).is_short is is_short
