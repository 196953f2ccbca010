"""What a text says anew is marked word by word, what went is marked too, and long stretches without a change are left out."""

from __future__ import annotations

import time

import pytest

from workflows.admin.word_diff import Line, Row, compared, is_cut, side_by_side


def marks(before: str, now: str) -> list[list[tuple[str, str]]]:
    return [list(line.pieces) for line in compared(before, now)]


def rebuilt(before: str, now: str, leave_out: str) -> str:
    return "\n".join("".join(text for mark, text in line.pieces if mark != leave_out) for line in compared(before, now))


def test_the_same_text_has_nothing_to_show():
    assert compared("one\ntwo", "one\ntwo") == []


def test_one_word_is_marked_and_the_rest_of_its_line_is_not():
    assert marks("We pay 100 dollars.", "We pay 900 dollars.") == [
        [("", "We pay "), ("gone", "100"), ("new", "900"), ("", " dollars.")]
    ]


def test_both_texts_can_be_read_out_of_the_comparison():
    before, now = "Dear all,\nwe close at six.\nBye", "Dear all,\nwe open at nine.\nAnd stay.\nBye"
    assert rebuilt(before, now, "new") in (before, before.replace("\nBye", "\n\nBye"))
    assert rebuilt(before, now, "gone") in (now, now.replace("\nBye", "\n\nBye"))


def test_lines_that_have_nothing_in_common_are_no_mosaic():
    assert marks("alpha beta gamma", "0 1 2 3 4 5") == [[("gone", "alpha beta gamma")], [("new", "0 1 2 3 4 5")]]


def test_an_empty_text_became_something():
    assert marks("", "hello") == [[("new", "hello")]]


def test_far_from_a_change_lines_are_counted_instead_of_shown():
    before = [f"line {number}" for number in range(20)]
    now = [*before[:10], "LINE TEN", *before[11:]]
    found = compared("\n".join(before), "\n".join(now))
    assert [line.left_out for line in found if line.left_out] == [9, 8]
    assert sum(line.left_out or 1 for line in found if not line.is_changed) == 19


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("\n".join(f"word{n} and more {n % 7}" for n in range(12_000)), "\n".join(["changed"] * 12_000)),
        ("a\n" * 20_000, "a\n" * 19_999 + "b"),
        ("a b " * 50_000, "b a " * 50_000),
    ],
    ids=["lines", "the same line", "one line"],
)
def test_texts_made_to_be_slow_are_compared_in_bounded_time(before: str, now: str):
    began = time.perf_counter()
    compared(before, now)
    assert time.perf_counter() - began < 5
    assert is_cut(before) == (before.count("\n") > 0)


def test_side_by_side_each_text_stands_whole_in_its_column():
    before, now = "Dear all,\nwe close at six.\nBye", "Dear all,\nwe open at six.\nAnd stay.\nBye"
    rows = side_by_side(compared(before, now))
    assert "\n".join("".join(text for _, text in row.before) for row in rows if row.before) == before
    assert "\n".join("".join(text for _, text in row.now) for row in rows if row.now) == now
    assert {mark for row in rows for mark, _ in row.before} == {"", "gone"}
    assert {mark for row in rows for mark, _ in row.now} == {"", "new"}


def test_what_took_the_place_of_a_line_stands_beside_it():
    assert side_by_side(compared("alpha beta gamma", "0 1 2 3 4 5")) == [
        Row((("gone", "alpha beta gamma"),), (("new", "0 1 2 3 4 5"),))
    ]


def test_what_is_only_gone_or_only_new_has_nothing_beside_it():
    gone, new = (("gone", "a"),), (("new", "b"),)
    assert side_by_side([Line(gone), Line(gone), Line(new), Line(new)]) == [Row(gone), Row(gone, new), Row((), new)]
    assert side_by_side([Line(new), Line(left_out=3), Line(new)]) == [Row((), new), Row(left_out=3), Row((), new)]
