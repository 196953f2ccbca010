"""The ZIP archives that office documents are: looked at before anything unpacks them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from zipfile import BadZipFile, ZipFile

from agents.knowledge.errors import DocumentTooComplex, DocumentUnreadable

MOST_BYTES = 512 * 1024 * 1024
MOST_FILES = 20_000
_BROKEN = (BadZipFile, KeyError, ValueError, IndexError, AttributeError, TypeError, OSError, EOFError, SyntaxError)
"""What the readers of office documents raise for a damaged one: they trust what they are given."""


@contextmanager
def office(data: bytes) -> Iterator[io.BytesIO]:
    """Give the archive as a file. Raises DocumentTooComplex for a bomb, DocumentUnreadable for what is damaged.

    ``zipfile`` never unpacks more of a member than the archive's directory announces, so the announced sizes are a bound.
    """
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            sizes = [member.file_size for member in archive.infolist()]
        if sum(sizes) > MOST_BYTES or len(sizes) > MOST_FILES:
            raise DocumentTooComplex(
                "This file unpacks to far more than a document holds. Save it anew, without media."
            )
        yield io.BytesIO(data)
    except _BROKEN as error:
        raise DocumentUnreadable from error
