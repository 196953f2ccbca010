"""PDF: the text of each page, with the bookmarks as the outline."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from agents.knowledge.errors import (
    DocumentEmpty,
    DocumentEncrypted,
    DocumentScanned,
    DocumentTooComplex,
    DocumentTooLarge,
    DocumentUnreadable,
)
from agents.knowledge.parsing.decoding import clean
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import LONGEST_HEADING, Parsed, Section

_MOST_BOOKMARKS = 5_000


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the text page by page. Raises a DocumentError that says why there is none."""
    try:
        return _read(data, title, limits)
    except (FileNotDecryptedError, DependencyError) as error:
        raise DocumentEncrypted from error
    except LimitReachedError as error:
        raise DocumentTooComplex from error
    except PyPdfError as error:
        raise DocumentUnreadable from error


def _read(data: bytes, title: str, limits: Limits) -> Parsed:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentEncrypted
    if len(reader.pages) > limits.pages:
        raise DocumentTooLarge(f"This PDF has {len(reader.pages):,} pages; {limits.pages:,} are allowed. Split it.")
    pages = list(_pages(reader, limits))
    if not any(page.strip() for page in pages):
        raise DocumentScanned if pages else DocumentEmpty
    named = clean(str((reader.metadata and reader.metadata.title) or "")).strip()[:LONGEST_HEADING]
    sections = tuple(_sections(pages, _paths(reader)))
    return Parsed(named or title, "".join(pages), sections, Format.PDF, len(pages))


def _pages(reader: PdfReader, limits: Limits) -> Iterator[str]:
    total = 0
    for page in reader.pages:
        text = clean(page.extract_text()).strip()
        total += len(text)
        if total > limits.characters:
            raise DocumentTooLarge(f"This PDF holds over {limits.characters:,} characters of text. Split it.")
        yield f"{text}\n\n" if text else ""


def _sections(pages: list[str], paths: dict[int, tuple[str, ...]]) -> Iterator[Section]:
    path: tuple[str, ...] = ()
    start = 0
    for number, text in enumerate(pages):
        path = paths.get(number, path)
        if text:
            yield Section(path, start, start + len(text), number + 1)
        start += len(text)


def _paths(reader: PdfReader) -> dict[int, tuple[str, ...]]:
    """Return, for each page on which a bookmark points, the path of the first one there."""
    paths: dict[int, tuple[str, ...]] = {}
    for number, path in _bookmarks(reader, reader.outline):
        if len(paths) < _MOST_BOOKMARKS:
            paths.setdefault(number, path)
    return paths


def _bookmarks(
    reader: PdfReader, items: list[Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Walk pypdf's nested lists, in which the children of a bookmark are a list that follows it."""
    for item, after in pairwise([*items, None]):
        if isinstance(item, list):
            continue
        path = (*above, clean(str(item.title)).strip()[:LONGEST_HEADING])
        number = reader.get_destination_page_number(item)
        if number is not None:
            yield number, path
        if isinstance(after, list):
            yield from _bookmarks(reader, after, path)
