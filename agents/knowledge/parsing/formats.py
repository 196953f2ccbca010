"""Which format a file has. The content decides where it can, the name where it must."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePath

from agents.knowledge.errors import DocumentEmpty, DocumentTypeUnsupported, DocumentUnreadable

SNIFFED_BYTES = 4096
_HTML = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)


class Format(StrEnum):
    """A format that has a parser; the value is its media type."""

    MARKDOWN = "text/markdown"
    PLAIN = "text/plain"
    RST = "text/x-rst"
    HTML = "text/html"
    PDF = "application/pdf"


SUFFIXES = {
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".txt": Format.PLAIN,
    ".text": Format.PLAIN,
    ".rst": Format.RST,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".pdf": Format.PDF,
}


def sniff(head: bytes, name: str) -> Format:
    """Return the format of a file that begins with ``head`` (at least SNIFFED_BYTES, or all) and is called ``name``.

    Raises DocumentEmpty, DocumentUnreadable (a .pdf that is none) or DocumentTypeUnsupported.
    """
    if not head.strip():
        raise DocumentEmpty
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    suffix = PurePath(name).suffix.lower()
    named = SUFFIXES.get(suffix)
    if named is Format.PDF:
        raise DocumentUnreadable("This file is called .pdf but is not a PDF. Export it as PDF again and upload that.")
    if named is None and _HTML.search(head[:1024]):
        return Format.HTML
    if named is None and suffix:
        raise DocumentTypeUnsupported(f"Files of type {suffix[:20]} are not supported. {_WHAT_IS}")
    return named or Format.PLAIN


_WHAT_IS = "Upload Markdown, plain text, reStructuredText, HTML or PDF."
