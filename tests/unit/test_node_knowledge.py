"""Passages as a prompt shows them."""

from __future__ import annotations

import pytest

from workflows.nodes.knowledge import numbered, shortened

PASSAGES = [
    {"ref": "D1", "document_title": "Tea", "heading": "Water", "text": "Boil\n the   water."},
    {"ref": "D2", "document_title": "Cups", "heading": "", "text": "Warm the cup."},
]


def test_each_passage_is_named_as_it_is_cited():
    assert numbered(PASSAGES, 100) == "[D1] Tea, Water\nBoil the water.\n\n[D2] Cups\nWarm the cup."


@pytest.mark.parametrize(
    ("text", "characters", "short"),
    [("one two", 7, "one two"), ("one two three", 9, "one two…"), ("onetwothree", 5, "onet…"), ("one, two", 6, "one…")],
)
def test_a_long_passage_is_cut_at_a_word(text, characters, short):
    assert shortened(text, characters) == short
