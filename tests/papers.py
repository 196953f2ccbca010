"""Small PDFs made on the spot: with text, with nothing but images, with a password, with a bomb inside."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(*pages: str, bookmarks: Sequence[tuple[str, int]] = (), title: str = "", password: str = "") -> bytes:
    """Return a PDF with one page for each text; ``bookmarks`` are (title, page number from 0)."""
    writer = PdfWriter()
    for text in pages:
        _add_page(writer, _shown(text))
    for name, number in bookmarks:
        writer.add_outline_item(title=name, page_number=number)
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="AES-256")
    return _bytes(writer)


def bomb(pages: int = 1, megabytes: int = 60) -> bytes:
    """Return a small PDF whose pages unpack to that many megabytes of drawing each."""
    writer = PdfWriter()
    for _ in range(pages):
        _add_page(writer, b"BT (x) Tj ET\n" * (megabytes * 1_000_000 // 13), packed=True)
    return _bytes(writer)


def _shown(text: str) -> bytes:
    lines = [f"({line}) Tj T*" for line in text.split("\n") if line]
    return f"BT /F1 12 Tf 14 TL 72 720 Td {' '.join(lines)} ET".encode("latin-1")


def _add_page(writer: PdfWriter, drawing: bytes, *, packed: bool = False) -> None:
    page = writer.add_blank_page(612, 792)
    font = {"/Type": NameObject("/Font"), "/Subtype": NameObject("/Type1"), "/BaseFont": NameObject("/Helvetica")}
    fonts = DictionaryObject({NameObject("/F1"): DictionaryObject({NameObject(k): v for k, v in font.items()})})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(drawing)
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode() if packed else stream)


def _bytes(writer: PdfWriter) -> bytes:
    kept = io.BytesIO()
    writer.write(kept)
    writer.close()
    return kept.getvalue()
