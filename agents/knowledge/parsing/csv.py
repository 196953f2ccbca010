"""Separated values: one table; its first row names the columns, whatever separates them."""

from __future__ import annotations

import csv
import io

from agents.knowledge.errors import DocumentUnreadable
from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.draft import Draft
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed

_SEPARATORS = ",;\t|"
_SAMPLE = 20
_LONGEST_CELL = 1_000_000


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the rows as lines."""
    text = decode(data)
    csv.field_size_limit(_LONGEST_CELL)
    draft = Draft(limits)
    try:
        draft.table(csv.reader(io.StringIO(text), delimiter=_separator(text)))
    except csv.Error as error:
        raise DocumentUnreadable(f"This file is not a table of separated values: {error}.") from error
    return draft.parsed(title=title, media_type=Format.CSV)


def _separator(text: str) -> str:
    """Return what separates cells: what is in every one of the first lines, most often."""
    lines = [line for line in text[:100_000].split("\n")[:_SAMPLE] if line.strip()]
    return max(_SEPARATORS, key=lambda mark: (min(line.count(mark) for line in lines), lines[0].count(mark)))
