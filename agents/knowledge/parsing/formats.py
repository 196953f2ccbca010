"""Which format a file has. The content decides where it can, the name where it must."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePath

from agents.knowledge.errors import DocumentEmpty, DocumentEncrypted, DocumentTypeUnsupported, DocumentUnreadable

SNIFFED_BYTES = 4096
_HTML = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)


class Format(StrEnum):
    """A format that has a parser; the value is its media type."""

    MARKDOWN = "text/markdown"
    PLAIN = "text/plain"
    RST = "text/x-rst"
    HTML = "text/html"
    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    CSV = "text/csv"
    EML = "message/rfc822"


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
    ".docx": Format.DOCX,
    ".pptx": Format.PPTX,
    ".xlsx": Format.XLSX,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".eml": Format.EML,
}
NAMES = (
    "PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), HTML, Markdown, reStructuredText, text, CSV or e-mail (.eml)"
)
_OFFICE = frozenset((Format.DOCX, Format.PPTX, Format.XLSX))
_FORMER = {".doc": "docx", ".dot": "docx", ".ppt": "pptx", ".pps": "pptx", ".xls": "xlsx"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff(head: bytes, name: str) -> Format:
    """Return the format of a file that begins with ``head`` (at least SNIFFED_BYTES, or all) and is called ``name``.

    Raises DocumentEmpty, DocumentEncrypted, DocumentUnreadable (a .pdf that is none) or DocumentTypeUnsupported.
    """
    if not head.strip():
        raise DocumentEmpty
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    suffix = PurePath(name).suffix.lower()
    named = SUFFIXES.get(suffix)
    if named in _OFFICE:
        _require_package(head, suffix)
    if named is Format.PDF:
        raise DocumentUnreadable("This file is called .pdf but is not a PDF. Export it as PDF again and upload that.")
    if named is None and _HTML.search(head[:1024]):
        return Format.HTML
    if named is None and suffix:
        raise DocumentTypeUnsupported(f"Files of type {suffix[:20]} are not supported. {_instead(suffix)}")
    return named or Format.PLAIN


def suffix_of(media_type: str) -> str:
    """Return the suffix of a file that is served as ``media_type``, or nothing for one that has no parser."""
    return _SERVED_AS.get(media_type.partition(";")[0].strip().lower(), "")


def _require_package(head: bytes, suffix: str) -> None:
    """Office documents are ZIP archives; those with a password are wrapped in the container of old formats."""
    if head.startswith(_OLE):
        raise DocumentEncrypted(
            f"This {suffix} file is protected by a password. Save it without one, then upload it again."
        )
    if not head.startswith(_ZIP):
        raise DocumentUnreadable(f"This file is called {suffix} but is none. Save it from its own program again.")


def _instead(suffix: str) -> str:
    if new := _FORMER.get(suffix):
        return f"Open it in its own program and save it as .{new}."
    return f"Upload {NAMES}."


_SERVED_AS = {
    **{form.value: suffix for suffix, form in reversed(SUFFIXES.items())},
    "application/xhtml+xml": ".html",
    "text/x-markdown": ".md",
    "text/tab-separated-values": ".tsv",
}
