"""PDF: text by page, and for every way in which there is none a different answer."""

from __future__ import annotations

import pytest

from agents.knowledge.errors import DocumentEncrypted, DocumentScanned, DocumentUnreadable
from agents.knowledge.parsing.__main__ import parse
from agents.knowledge.parsing.limits import Limits
from nexod.kernel.errors import TooLarge
from tests.papers import pdf


def read(data: bytes, name: str = "paper.pdf", **limits: int):
    return parse(data, name, Limits(**limits))


def test_every_page_is_a_section_with_its_number():
    parsed = read(pdf("First page", "", "Third page"))
    assert [(s.page, parsed.text[s.start : s.end].strip()) for s in parsed.sections] == [
        (1, "First page"),
        (3, "Third page"),
    ]
    assert (parsed.pages, parsed.title, parsed.media_type) == (3, "paper", "application/pdf")


def test_bookmarks_are_the_headings_until_the_next():
    parsed = read(pdf("a", "b", "c", bookmarks=[("Start", 0), ("End", 2)], title="A paper"))
    assert parsed.title == "A paper"
    assert [s.headings for s in parsed.sections] == [("Start",), ("Start",), ("End",)]


def test_the_content_decides_whatever_the_name():
    assert read(pdf("text"), "paper.md").media_type == "application/pdf"


def test_a_password_is_said():
    with pytest.raises(DocumentEncrypted, match="without one"):
        read(pdf("secret", password="open sesame"))


def test_pages_of_images_need_text_recognition():
    with pytest.raises(DocumentScanned, match="OCR"):
        read(pdf("", ""))


@pytest.mark.parametrize("data", [b"%PDF-1.7 and then nothing", pdf("text")[:200], b"not a pdf at all"])
def test_damaged_files_are_unreadable(data):
    with pytest.raises(DocumentUnreadable):
        read(data)


def test_pages_and_characters_are_bounded():
    with pytest.raises(TooLarge, match="3 pages; 2 are allowed"):
        read(pdf("a", "b", "c"), pages=2)
    with pytest.raises(TooLarge, match="over 10 characters"):
        read(pdf("more than ten characters"), characters=10)
