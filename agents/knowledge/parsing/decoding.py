"""Bytes become text that PostgreSQL can keep: one kind of line end, no NUL, no lone surrogates."""

from __future__ import annotations

import codecs
import re

from agents.knowledge.errors import DocumentEmpty, DocumentUnreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MOST_CONTROL = 0.01
"""A text may hold a few stray control characters; more than one in a hundred and it is no text."""


def decode(data: bytes) -> str:
    """Return the text of ``data``: by its byte order mark, as UTF-8, else as Windows-1252.

    Raises DocumentUnreadable for what is not text, DocumentEmpty for what is only white space.
    """
    text = clean(_decoded(data))
    if not text.strip():
        raise DocumentEmpty
    return text


def clean(text: str) -> str:
    """Return ``text`` with line feeds only, without control characters and lone surrogates."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _decoded(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise DocumentUnreadable from error
        text = data.decode("cp1252", "replace")
    sample = text[:100_000]
    if len(_CONTROL.findall(sample)) + sample.count("\N{REPLACEMENT CHARACTER}") > len(sample) * _MOST_CONTROL:
        raise DocumentUnreadable("This file holds binary data, not text. Check that the right file was uploaded.")
    return text
