"""Word, PowerPoint and Excel: what people read, with its structure; what is damaged or hostile says so."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from agents.knowledge.errors import (
    DocumentEmpty,
    DocumentEncrypted,
    DocumentTooComplex,
    DocumentTooLarge,
    DocumentTypeUnsupported,
    DocumentUnreadable,
)
from agents.knowledge.parsing.__main__ import parse
from agents.knowledge.parsing.child import ParsingChild
from agents.knowledge.parsing.limits import Limits
from nexod.kernel.errors import NexodError
from tests.office import entities, lying, slides, with_part, word, workbook

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


EARLY = datetime.fromisoformat("2026-01-03T08:30")


def read(data, name, **limits):
    return parse(data, name, Limits(**limits))


def body(inner):
    """Return a .docx with this as its body."""
    xml = f'<?xml version="1.0"?><w:document {W}><w:body>{inner}</w:body></w:document>'
    return with_part(word("x"), "word/document.xml", xml.encode())


def test_word_keeps_headings_lists_tables_and_code():
    parsed = read(
        word(
            ("Title", "Handbook"), ("Heading 1", "Tides"), "The moon pulls.", ("List Bullet", "one"), ("List Bullet", "two"),
            ("Heading 2", "Figures"), [["Place", "Metres"], ["Brest", "6,1"]], ("macro", "x = 1"), ("macro", "  y = 2"),
        ),
        "a.docx",
    )  # fmt: skip
    assert parsed.title == "Handbook"
    assert [section.headings for section in parsed.sections] == [(), ("Tides",), ("Tides", "Figures")]
    assert "The moon pulls.\n\n- one\n- two" in parsed.text
    table, code = parsed.blocks
    assert parsed.text[table.start : table.end] == "Place | Metres\nBrest | 6,1"
    assert parsed.text[table.start : table.head] == "Place | Metres\n"
    assert parsed.text[code.start : code.end] == "x = 1\n  y = 2"


def test_word_leaves_out_what_was_deleted_moved_or_hidden_and_keeps_what_was_inserted():
    run = "<w:r>{}<w:t>{}</w:t></w:r>"
    hidden = run.format("<w:rPr><w:vanish/></w:rPr>", "hidden order")
    parts = (
        run.format("", "seen ") + f"<w:ins>{run.format('', 'inserted ')}</w:ins>" + hidden
        + "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>" + f"<w:moveFrom>{run.format('', 'moved')}</w:moveFrom>"
        + f"<w:hyperlink>{run.format('', 'linked')}</w:hyperlink><w:r><w:instrText>HYPERLINK x</w:instrText></w:r>"
    )  # fmt: skip
    assert read(body(f"<w:p>{parts}</w:p>"), "a.docx").text.strip() == "seen inserted linked"


def test_word_reads_what_content_controls_wrap():
    wrapped = "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    assert read(body(wrapped), "a.docx").text.strip() == "in a control"


def test_slides_are_pages_with_their_titles_and_notes():
    parsed = read(slides(("Tides", "The moon\nThe sun", "say it slowly"), ("Boats", "Sail", "")), "a.pptx")
    assert (parsed.title, parsed.pages) == ("Tides", 2)
    assert [(section.headings, section.page) for section in parsed.sections] == [((), 1), (("Boats",), 2)]
    assert "The moon\nThe sun" in parsed.text
    assert "Notes: say it slowly" in parsed.text


def test_sheets_are_tables_whose_first_row_names_the_columns():
    parsed = read(
        workbook(
            {
                "Sales": [
                    ["Day", "Sum", "Paid"],
                    [date(2026, 1, 2), 1234.5, True],
                    [EARLY, None, False],
                ],
                "Empty": [],
                "Secret": [["hidden", "order"]],
            },
            hidden=["Secret"],
        ),
        "sales.xlsx",
    )
    assert parsed.text.split("\n") == [
        "Sales", "", "Day | Sum | Paid", "2026-01-02 | 1234.5 | TRUE", "2026-01-03 08:30 |  | FALSE", "", "",
    ]  # fmt: skip
    (table,) = parsed.blocks
    assert parsed.text[table.start : table.head] == "Day | Sum | Paid\n"
    assert (parsed.title, parsed.sections[-1].headings) == ("sales", ("Sales",))


def test_every_script_comes_through():
    # Arabic, Hebrew, Japanese, Korean, and a sign made of several.
    said = "مد وجزر \u200fעברית 潮の満ち引き 조석 🌊👩\u200d🚀"  # noqa: RUF001
    for data, name in (
        (word(said), "a.docx"),
        (slides(("t", said, "")), "a.pptx"),
        (workbook({"s": [[said]]}), "a.xlsx"),
    ):
        assert said in read(data, name).text


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx"])
def test_what_is_wrong_with_a_file_is_named(suffix):
    for data, error in (
        (OLE, DocumentEncrypted),
        (b"plain text", DocumentUnreadable),
        (b"PK\x03\x04 cut off", DocumentUnreadable),
        (with_part(word("x"), "x", b"x")[:2000], DocumentUnreadable),
    ):
        with pytest.raises(error):
            read(data, f"a{suffix}")


@pytest.mark.parametrize(
    ("data", "name"),
    [(word(), "a.docx"), (slides(), "a.pptx"), (workbook({"s": []}), "a.xlsx"), (slides(("", "", "")), "b.pptx")],
)
def test_an_empty_one_says_so(data, name):
    with pytest.raises(DocumentEmpty):
        read(data, name)


@pytest.mark.parametrize(
    ("data", "name"), [(word("x"), "a.xlsx"), (workbook({"s": [["x"]]}), "a.pptx"), (slides(("x", "", "")), "a.docx")]
)
def test_one_under_the_name_of_another_is_unreadable(data, name):
    with pytest.raises(DocumentUnreadable):
        read(data, name)


@pytest.mark.parametrize(("suffix", "new"), [(".doc", ".docx"), (".ppt", ".pptx"), (".xls", ".xlsx")])
def test_an_old_format_is_told_its_successor(suffix, new):
    with pytest.raises(DocumentTypeUnsupported, match=f"save it as \\{new}"):
        read(OLE, f"a{suffix}")


def test_too_many_slides_and_too_much_text_are_refused():
    with pytest.raises(DocumentTooLarge, match="2 slides"):
        read(slides(("a", "", ""), ("b", "", "")), "a.pptx", pages=1)
    for data, name in ((word("x" * 500), "a.docx"), (workbook({"s": [["x" * 500]] * 3}), "a.xlsx")):
        with pytest.raises(DocumentTooLarge):
            read(data, name, characters=400)


CELLS = f'<worksheet {SHEET}><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{{}}</t></is></c></row></sheetData></worksheet>'
HOSTILE = {
    "a bomb that says so": (with_part(word("x"), "word/media/image1.png", b"\0" * 600_000_000), "a.docx"),
    "a bomb that lies": (lying(word("x"), "word/document.xml"), "a.docx"),
    "entities in a document": (with_part(word("x"), "word/document.xml", entities(f"<w:document {W}>{{}}</w:document>")), "a.docx"),
    "entities in a sheet": (with_part(workbook({"s": [["x"]]}), "xl/worksheets/sheet1.xml", entities(CELLS)), "a.xlsx"),
    "nested without end": (body("<w:sdt><w:sdtContent>" * 100_000 + "</w:sdtContent></w:sdt>" * 100_000), "a.docx"),
    "a workbook of nothing but cells": (
        with_part(workbook({"s": [["x"]]}), "xl/worksheets/sheet1.xml", b'<worksheet><sheetData>'
                  + b'<row r="1"><c r="XFD1048576" t="n"><v>1</v></c></row>' * 2_000_000 + b"</sheetData></worksheet>"),
        "a.xlsx",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_ends_at_a_bound_and_the_next_one_is_read(case):
    data, name = HOSTILE[case]
    with ParsingChild(Limits(cpu_s=3, wall_s=30, memory_bytes=700_000_000)) as child:
        with pytest.raises(NexodError) as caught:
            child.parse(data, name)
        assert isinstance(caught.value, DocumentTooComplex | DocumentUnreadable | DocumentEmpty | DocumentTooLarge)
        assert child.parse(word("next"), "next.docx").text.strip() == "next"


def test_an_outside_entity_is_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("of another tenant")
    text = "<w:p><w:r><w:t>&file;</w:t></w:r></w:p>"
    xml = (
        f'<!DOCTYPE x [<!ENTITY file SYSTEM "{secret.as_uri()}">]><w:document {W}><w:body>{text}</w:body></w:document>'
    )
    with ParsingChild() as child:
        try:
            said = child.parse(with_part(word("x"), "word/document.xml", xml.encode()), "a.docx").text
        except NexodError as error:
            said = error.message
    assert "another tenant" not in said
