"""Small office documents made on the spot, and archives that are meant to do harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import docx
import openpyxl
import pptx


def word(*blocks: Any, title: str = "") -> bytes:
    """Return a .docx: a text is a paragraph, (style, text) a paragraph of that style, a list of lists a table."""
    document = docx.Document()
    document.core_properties.title = title
    for block in blocks:
        if isinstance(block, list):
            table = document.add_table(rows=len(block), cols=len(block[0]))
            for row, values in zip(table.rows, block, strict=True):
                for cell, value in zip(row.cells, values, strict=True):
                    cell.text = value
        else:
            style, text = block if isinstance(block, tuple) else (None, block)
            document.add_paragraph(text, style=style)
    return _saved(document)


def slides(*shown: tuple[str, str, str]) -> bytes:
    """Return a .pptx with a slide for each (title, text, notes)."""
    show = pptx.Presentation()
    for title, text, notes in shown:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    return _saved(show)


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = ()) -> bytes:
    """Return an .xlsx with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
    return _saved(book)


def with_part(package: bytes, name: str, content: bytes) -> bytes:
    """Return the archive with another content in the part of that name."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, content if member.filename == name else old.read(member.filename))
        if name not in old.namelist():
            new.writestr(name, content)
    return kept.getvalue()


def lying(package: bytes, name: str) -> bytes:
    """Return the archive with a part that says it is small; there it unpacks to 2 GB."""
    packed = bytearray(with_part(package, name, b" " * 200_000_000))
    size = (200_000_000).to_bytes(4, "little")
    at = packed.find(size)
    while at >= 0:
        packed[at : at + 4] = (1000).to_bytes(4, "little")
        at = packed.find(size, at)
    return bytes(packed)


def entities(root: str, depth: int = 12) -> bytes:
    """Return XML whose entities unfold to billions of characters inside of ``root``."""
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, depth))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{lines}]>{root.format(f"&e{depth - 1};")}'.encode()


def _saved(document: Any) -> bytes:
    kept = io.BytesIO()
    document.save(kept)
    return kept.getvalue()
