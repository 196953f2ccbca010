"""Chunks: right size, right place, nothing lost."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.knowledge import parts
from agents.knowledge.chunking import LONGEST, OVERLAP, TARGET, chunk
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.markdown import parse as markdown
from agents.knowledge.parsing.outline import Heading, Parsed, Section, outlined
from agents.knowledge.tokens import tokens

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
    assert all(TARGET <= piece.tokens <= LONGEST for piece in pieces[:-1])


def test_a_long_paragraph_is_cut_at_sentences_and_overlaps():
    pieces = chunk(plain(sentences(100)))
    assert len(pieces) > 3
    assert all(piece.text.startswith("A sentence") and piece.text.endswith(".") for piece in pieces)
    for before, after in pairwise(pieces):
        assert after.start < before.end
        assert tokens(after.text[: before.end - after.start]) <= OVERLAP


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


def test_no_chunk_crosses_a_heading_however_short_its_section_is():
    pieces = chunk(markdown(b"# A\n\na\n\n## B\n\nb\n\n## C\n\nc\n", "", Limits()))
    assert [(piece.headings, piece.text) for piece in pieces] == [
        ((), "# A\n\na"), (("B",), "## B\n\nb"), (("C",), "## C\n\nc"),
    ]  # fmt: skip


def test_a_heading_alone_goes_with_its_first_subsection():
    text = f"## Facts\n\n### First\n\n{sentences(30)}"
    headings = [Heading(0, 2, "Facts"), Heading(text.index("###"), 3, "First")]
    pieces = chunk(outlined(text, headings, fallback_title="T", media_type="text/markdown"))
    assert pieces[0].text.startswith("## Facts\n\n### First")
    assert {piece.headings for piece in pieces} == {("Facts", "First")}


ROWS = [f"| {n} | city number {n} | {'inhabitant ' * 6} |" for n in range(80)]
TABLE = "\n".join(("| id | name | people |", "|---|---|---|", *ROWS))


def test_each_chunk_of_a_long_table_knows_the_names_of_its_columns():
    pieces = chunk(markdown(f"# Cities\n\nBefore.\n\n{TABLE}\n\nAfter.".encode(), "", Limits()))
    of_table = [piece for piece in pieces if "city number" in piece.text]
    assert len(of_table) > 3
    assert "| id | name | people |" in of_table[0].text
    assert {piece.lead for piece in of_table[1:]} == {"| id | name | people |\n|---|---|---|"}
    assert all(piece.text.startswith("| ") and piece.tokens <= LONGEST for piece in of_table[1:])
    assert [row for piece in of_table for row in piece.text.split("\n") if row in ROWS] == ROWS
    assert all(piece.lead in piece.context for piece in of_table)


def test_code_that_fits_stays_whole_and_code_that_does_not_is_cut_at_lines():
    short = "\n".join(("```python", *(f"value_{n} = compute({n})" for n in range(14)), "", "print()", "```"))
    (found,) = [
        p for p in chunk(markdown(f"{sentences(15)}\n\n{short}".encode(), "t", Limits())) if "compute" in p.text
    ]
    assert found.text == short
    lines = [f"    call_{n}(argument_{n}, other_{n})" for n in range(200)]
    pieces = chunk(markdown("\n".join(("```", *lines, "```")).encode(), "t", Limits()))
    assert len(pieces) > 5
    assert all(line in ["```", *lines] for piece in pieces for line in piece.text.split("\n"))


def test_scripts_without_spaces_and_from_right_to_left_are_cut_at_their_full_stops():
    for sentence in (
        "月球的引力使海水上升和下降。",
        "هل تسبب جاذبية القمر المد والجزر؟ ",
        "כוח המשיכה של הירח גורם לגאות. ",
    ):
        text = (sentence * 120).strip()
        pieces = chunk(plain(text))
        assert len(pieces) > 3
        assert all(piece.text.endswith(sentence.strip()) for piece in pieces)
        assert all(piece.tokens <= LONGEST for piece in pieces)


def test_a_title_alone_goes_with_the_first_section_and_a_line_of_text_does_not():
    (piece,) = chunk(markdown(b"# Guide\n\n## Install\n\nUse it.", "", Limits()))
    assert (piece.headings, piece.text) == (("Install",), "# Guide\n\n## Install\n\nUse it.")
    pieces = chunk(plain("Some words without a heading."))
    assert len(pieces) == 1


def test_title_and_headings_are_embedded_with_the_text():
    (piece,) = chunk(Parsed("Manual", "Press it.", (Section(("Start", "Button"), 0, 9),), "text/plain"))
    assert piece.context == "Manual > Start > Button\nPress it."


def test_the_digest_changes_with_what_is_embedded():
    one, same, other = (chunk(plain(text))[0].digest for text in ("a b", "a b", "a c"))
    assert one == same != other


def test_a_word_without_end_is_cut():
    pieces = chunk(plain("x" * 5000))
    assert max(piece.tokens for piece in pieces) <= LONGEST
    assert sum(len(piece.text) for piece in pieces) == 5000


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="ab. \n\t!?1)-|。é", max_size=900), max_size=8).map("\n\n".join))
def test_every_character_is_in_a_chunk_that_knows_its_place(text):
    pieces = chunk(plain(text))
    covered = {place for piece in pieces for place in range(piece.start, piece.end)}
    assert all(text[piece.start : piece.end] == piece.text and 0 < piece.tokens <= LONGEST for piece in pieces)
    assert [piece.position for piece in pieces] == list(range(len(pieces)))
    assert all(text[place].isspace() for place in set(range(len(text))) - covered)
    assert all(one.start < other.start for one, other in pairwise(pieces))


def test_what_has_no_sentences_is_cut_in_time_that_grows_with_its_length_alone(monkeypatch):
    """A file of words without a full stop: what is looked at is a few times its length, not its square."""
    looked = Counter()

    def counting(text: str) -> int:
        looked["characters"] += len(text)
        return tokens(text)

    monkeypatch.setattr(parts, "tokens", counting)
    for text in ("word " * 20_000, "潮の満ち引き" * 5_000, "a" * 50_000):
        looked.clear()
        pieces = chunk(plain(text))
        assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())
        assert all(tokens(piece.text) <= LONGEST for piece in pieces)
        assert looked["characters"] < 20 * len(text)


def test_white_space_alone_makes_no_chunk_large():
    pieces = chunk(plain("one" + " " * 100_000 + "two"))
    assert [piece.text for piece in pieces] == ["one", "two"]
