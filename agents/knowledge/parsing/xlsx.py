"""Workbooks: each visible sheet is a section with a table whose first row names the columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from agents.knowledge.errors import DocumentUnreadable
from agents.knowledge.parsing.draft import Draft
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed
from agents.knowledge.parsing.packages import office


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the values as they were last calculated; formulas, charts and hidden sheets are left out."""
    try:
        with office(data) as file:
            # Read row by row: a workbook that is loaded takes fifty times its size.
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            draft = Draft(limits)
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()  # what the file claims about its size may be wrong
                    _write(draft, sheet)
            named = book.properties.title or title
    except InvalidFileException as error:
        raise DocumentUnreadable from error
    return draft.parsed(title=named, media_type=Format.XLSX)


def _write(draft: Draft, sheet: Any) -> None:
    rows = _rows(sheet)
    first = next(rows, None)
    if first is None:
        return
    draft.heading(sheet.title, 1)
    draft.table(row for part in ((first,), rows) for row in part)


def _rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows():
        cells = [_shown(cell) for cell in row]
        if any(cells):
            yield cells


def _shown(cell: Any) -> str:
    """Return the value much as the program shows it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value * 100:.6g}%" if "%" in (cell.number_format or "") else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time() else value.date().isoformat()
    return (
        value.isoformat()
        if isinstance(value, date | time)
        else str(value)
        if isinstance(value, timedelta)
        else f"{value}"
    )
