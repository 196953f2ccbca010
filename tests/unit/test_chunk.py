"""Chunks: right size, right place, nothing lost."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.knowledge.chunking import LONGEST, OVERLAP, TARGET, chunk
from agents.knowledge.parsing.outline import Heading, Parsed, Section, outlined

SENTENCE = "A sentence that says something about number {}. "


def plain(text: str) -> Parsed:
    return outlined(text, (), fallback_title="Title", media_type="text/plain")


def sentences(count: int) -> str:
    return "".join(SENTENCE.format(n) for n in range(count)).strip()


def test_a_short_text_is_one_chunk():
    (piece,) = chunk(plain("Just a line."))
    assert (piece.text, piece.start, piece.end, piece.title, piece.page) == ("Just a line.", 0, 12, "Title", None)


def test_paragraphs_are_packed_and_cut_between_them():
    paragraphs = [sentences(8) for _ in range(10)]
    pieces = chunk(plain("\n\n".join(paragraphs)))
    assert all(piece.text.split("\n\n")[-1] == paragraphs[0] for piece in pieces)
    assert all(TARGET <= len(piece.text) <= LONGEST for piece in pieces[:-1])


def test_a_long_paragraph_is_cut_at_sentences_and_overlaps():
    pieces = chunk(plain(sentences(100)))
    assert len(pieces) > 3
    assert all(piece.text.startswith("A sentence") and piece.text.endswith(".") for piece in pieces)
    for before, after in pairwise(pieces):
        assert 0 < before.end - after.start <= OVERLAP


def test_a_list_number_stays_with_its_item():
    items = "\n".join(f"{n}. {sentences(3)}" for n in range(1, 20))
    assert not any(piece.text.rstrip().endswith(("\n8.", " 12.")) for piece in chunk(plain(items)))


def test_headings_and_pages_separate_chunks():
    text = f"{sentences(20)}\n\n{sentences(20)}\n\n{sentences(20)}"
    third = len(sentences(20)) + 2
    sections = (
        Section(("A",), 0, third, 1),
        Section(("B",), third, 2 * third, 1),
        Section(("B",), 2 * third, len(text), 2),
    )
    pieces = chunk(Parsed("T", text, sections, "application/pdf", 2))
    assert [(piece.headings, piece.page) for piece in pieces] == [(("A",), 1), (("B",), 1), (("B",), 2)]


def test_short_sections_are_joined_under_the_headings_they_share():
    text = "# A\n\na\n\n## B\n\nb\n\n## C\n\nc\n"
    headings = [
        Heading(text.index("# A"), 1, "A"),
        Heading(text.index("## B"), 2, "B"),
        Heading(text.index("## C"), 2, "C"),
    ]
    (piece,) = chunk(outlined(text, headings, fallback_title="", media_type="text/markdown"))
    assert (piece.headings, piece.text) == ((), text.strip())


def test_a_heading_alone_goes_with_its_first_subsection():
    text = f"## Facts\n\n### First\n\n{sentences(30)}"
    headings = [Heading(0, 2, "Facts"), Heading(text.index("###"), 3, "First")]
    pieces = chunk(outlined(text, headings, fallback_title="T", media_type="text/markdown"))
    assert pieces[0].text.startswith("## Facts\n\n### First")
    assert {piece.headings for piece in pieces} == {("Facts", "First")}


def test_title_and_headings_are_embedded_with_the_text():
    (piece,) = chunk(Parsed("Manual", "Press it.", (Section(("Start", "Button"), 0, 9),), "text/plain"))
    assert piece.context == "Manual > Start > Button\nPress it."


def test_the_digest_changes_with_what_is_embedded():
    one, same, other = (chunk(plain(text))[0].digest for text in ("a b", "a b", "a c"))
    assert one == same != other


def test_a_word_without_end_is_cut():
    pieces = chunk(plain("x" * 5000))
    assert max(len(piece.text) for piece in pieces) <= LONGEST
    assert sum(len(piece.text) for piece in pieces) == 5000


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="ab. \n\t!?1)-|。é", max_size=900), max_size=8).map("\n\n".join))
def test_every_character_is_in_a_chunk_that_knows_its_place(text):
    pieces = chunk(plain(text))
    covered = {place for piece in pieces for place in range(piece.start, piece.end)}
    assert all(text[piece.start : piece.end] == piece.text and 0 < len(piece.text) <= LONGEST for piece in pieces)
    assert [piece.position for piece in pieces] == list(range(len(pieces)))
    assert all(text[place].isspace() for place in set(range(len(text))) - covered)
    assert all(one.start < other.start for one, other in pairwise(pieces))
