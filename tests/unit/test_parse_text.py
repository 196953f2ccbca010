"""Text, Markdown, reStructuredText: the source stays, the outline is found."""

from __future__ import annotations

import pytest

from agents.knowledge.errors import DocumentEmpty, DocumentTypeUnsupported, DocumentUnreadable
from agents.knowledge.parsing.__main__ import parse
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from nexod.kernel.errors import TooLarge


def read(data: bytes | str, name: str, **limits: int) -> Parsed:
    return parse(data if isinstance(data, bytes) else data.encode(), name, Limits(**limits))


def outline(parsed: Parsed) -> list[tuple[tuple[str, ...], str]]:
    return [(section.headings, parsed.text[section.start : section.end].strip()) for section in parsed.sections]


def test_markdown_sections_carry_the_path_of_their_headings():
    parsed = read("# Guide\n\nHello.\n\n## Install\n\npip\n\n### Linux\n\napt\n\n## Use\n\nrun\n", "guide.md")
    assert parsed.title == "Guide"
    assert outline(parsed) == [
        ((), "# Guide\n\nHello."),
        (("Install",), "## Install\n\npip"),
        (("Install", "Linux"), "### Linux\n\napt"),
        (("Use",), "## Use\n\nrun"),
    ]


def test_sections_tile_the_text():
    parsed = read("before\n\nTitle\n=====\n\ntext\n\n## Two\n\nmore", "a.md")
    assert "".join(parsed.text[s.start : s.end] for s in parsed.sections) == parsed.text


def test_a_comment_in_a_code_block_is_no_heading():
    parsed = read("# Guide\n\n```sh\n# not a heading\n```\n\n    # nor this\n", "guide.md")
    assert [s.headings for s in parsed.sections] == [()]


def test_headings_are_shown_as_they_are_read():
    parsed = read("# The *fast* `nexod` [guide](http://x)\n", "guide.md")
    assert parsed.title == "The fast nexod guide"


def test_front_matter_gives_the_title_and_no_text():
    parsed = read('---\ntitle: "From the front"\ntags: x\n---\n\nText.\n', "a.md")
    assert (parsed.title, parsed.text.strip()) == ("From the front", "Text.")


def test_without_a_heading_the_name_is_the_title():
    assert read("just text", "notes of monday.txt").title == "notes of monday"


def test_rst_levels_follow_the_order_of_the_underlines():
    source = (
        "=====\nTitle\n=====\n\nIntro.\n\nOne\n---\n\na\n\n:mod:`Deep` part\n~~~~~~~~~~~~~~~\n\nb\n\nTwo\n---\n\nc\n"
    )
    parsed = read(source, "a.rst")
    assert parsed.title == "Title"
    assert [s.headings for s in parsed.sections] == [(), ("One",), ("One", "Deep part"), ("Two",)]


def test_rst_tables_and_transitions_are_no_headings():
    parsed = read("Title\n=====\n\n===  ===\na    b\n===  ===\n1    2\n===  ===\n\n----\n\ntext\n", "a.rst")
    assert [s.headings for s in parsed.sections] == [()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised(encoding):
    assert read("Größe: 5 €\r\nzwei".encode(encoding), "a.txt").text == "Größe: 5 €\nzwei"


def test_what_postgresql_cannot_store_is_gone():
    assert read(b"a\x00b\x0cc" + b" word" * 200, "a.txt").text.startswith("ab\x0cc")


@pytest.mark.parametrize("data", [b"", b"  \n\t ", b"\xef\xbb\xbf \n"])
def test_a_document_without_text_is_refused(data):
    with pytest.raises(DocumentEmpty):
        read(data, "a.txt")


def test_binary_data_is_no_text():
    with pytest.raises(DocumentUnreadable, match="binary"):
        read(bytes(range(256)) * 40, "a.txt")


@pytest.mark.parametrize("name", ["a.odt", "a.exe", "archive.tar.gz"])
def test_unknown_types_are_named(name):
    with pytest.raises(DocumentTypeUnsupported, match=r"\.(odt|exe|gz)"):
        read(b"PK\x03\x04 something", name)


def test_a_name_without_a_type_is_judged_by_its_content():
    assert read("<!doctype html><p>Hi", "page").media_type == "text/html"
    assert read("Licensed to you", "LICENSE").media_type == "text/plain"


def test_too_much_text_is_refused():
    with pytest.raises(TooLarge, match="1,000 characters"):
        read("word " * 1000, "a.txt", characters=1000)


@pytest.mark.parametrize("source", ["[" * 300_000, "> " * 300_000, "# " + "[a](" * 100_000, "x\n" * 100_000 + "==="])
@pytest.mark.parametrize("suffix", ["md", "rst"])
@pytest.mark.timeout(20)
def test_hostile_markup_costs_no_more_than_other_text(source, suffix):
    assert read(source, f"a.{suffix}").text == source
