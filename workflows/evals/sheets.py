"""Cases as files: JSONL, a case a line; CSV, a column for each input and each expected field, which spreadsheets open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from nexod.kernel.errors import InvalidInput
from workflows.models import Case

Json = dict[str, Any]
JSONL, CSV = "jsonl", "csv"
MAX_CASES, MAX_CHARACTERS, MAX_MISTAKES = 5_000, 10_000_000, 20
FIELDS = ("name", "inputs", "expected", "tags")
INPUTS, EXPECTED = "inputs.", "expected."
# A spreadsheet takes a text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"


def read_cases(text: str, form: str) -> list[Json]:
    """Return ``{"name", "inputs", "expected", "tags"}`` of each case. Raises InvalidInput with the line of each mistake."""
    if len(text) > MAX_CHARACTERS:
        raise _refused([(1, f"A file may have {MAX_CHARACTERS:,} characters.")])
    wrong: list[tuple[int, str]] = []
    rows: list[Json] = []
    for line, found in _jsonl(text) if form == JSONL else _csv(text):
        if isinstance(found, str):
            wrong.append((line, found))
        else:
            rows.append(found)
        if len(wrong) == MAX_MISTAKES or len(rows) > MAX_CASES:
            break
    if len(rows) > MAX_CASES:
        wrong = [(MAX_CASES + 1, f"A data set has at most {MAX_CASES:,} cases.")]
    if not wrong and not rows:
        wrong = [(1, "There is no case in it.")]
    if wrong:
        raise _refused(wrong)
    return rows


def write_cases(cases: Iterable[Case], form: str) -> str:
    """Return the cases as ``read_cases`` reads them."""
    rows = [{field: getattr(case, field) for field in FIELDS} for case in cases]
    if form == JSONL:
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    inputs = list(dict.fromkeys(name for row in rows for name in row["inputs"]))
    expected = list(
        dict.fromkeys(name for row in rows if isinstance(row["expected"], dict) for name in row["expected"])
    )
    columns = ["name", "tags", *(INPUTS + name for name in inputs), *(EXPECTED + name for name in expected)]
    plain = any(row["expected"] is not None and not isinstance(row["expected"], dict) for row in rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, *(["expected"] if plain else [])], restval="")
    writer.writeheader()
    writer.writerows(_as_line(row) for row in rows)
    return out.getvalue()


def _as_line(row: Json) -> Json:
    line = {"name": _guarded(row["name"]), "tags": _guarded("; ".join(row["tags"]))}
    line |= {INPUTS + name: _cell(value) for name, value in row["inputs"].items()}
    if isinstance(row["expected"], dict):
        return line | {EXPECTED + name: _cell(value) for name, value in row["expected"].items()}
    return line | ({} if row["expected"] is None else {"expected": _cell(row["expected"])})


def _jsonl(text: str) -> Iterator[tuple[int, Json | str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"This is not JSON: {error}"
            continue
        yield number, _row(found)


def _row(found: Any) -> Json | str:
    if not isinstance(found, dict):
        return "This is JSON, but not an object."
    if unknown := sorted(set(found) - set(FIELDS)):
        return f"There is no field {unknown[0]!r}; there are {', '.join(FIELDS)}."
    inputs, tags, name = found.get("inputs", {}), found.get("tags") or [], found.get("name") or ""
    if not isinstance(inputs, dict):
        return "inputs: This is not a JSON object."
    if not isinstance(name, str) or len(name) > 200:
        return "name: This is a text of at most 200 characters."
    if not isinstance(tags, list) or not all(isinstance(tag, str) and len(tag) <= 60 for tag in tags):
        return "tags: This is a list of short texts."
    return {"name": name.strip(), "inputs": inputs, "expected": found.get("expected"), "tags": tags}


def _csv(text: str) -> Iterator[tuple[int, Json | str]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = reader.fieldnames or []
        strange = [c for c in columns if c not in ("name", "tags", "expected") and not c.startswith((INPUTS, EXPECTED))]
        if strange:
            yield (
                1,
                f"There is no column {strange[0]!r}; there are name, tags, expected, inputs.<field>, expected.<field>.",
            )
            return
        for cells in reader:
            if None in cells:
                yield reader.line_num, "The line has more cells than the first one."
            else:
                yield reader.line_num, _of_cells(cells)
    except csv.Error as error:
        yield reader.line_num, f"This is not CSV: {error}"


def _of_cells(cells: dict[str, str | None]) -> Json | str:
    given = {name: value for name, value in cells.items() if value not in (None, "")}
    inputs = {name.removeprefix(INPUTS): _value(str(v)) for name, v in given.items() if name.startswith(INPUTS)}
    expected: Any = {
        name.removeprefix(EXPECTED): _value(str(v)) for name, v in given.items() if name.startswith(EXPECTED)
    }
    if not expected:
        expected = _value(str(given["expected"])) if "expected" in given else None
    tags = [tag.strip() for tag in _unguarded(str(given.get("tags", ""))).split(";") if tag.strip()]
    return _row({"name": _unguarded(str(given.get("name", ""))), "inputs": inputs, "expected": expected, "tags": tags})


def _cell(value: Any) -> str:
    """Return a text as it is, unless it would be read as JSON; anything else as JSON."""
    if not isinstance(value, str) or value == "" or not isinstance(_value(value), str) or _value(value) != value:
        return json.dumps(value, ensure_ascii=False)
    return _guarded(value)


def _value(cell: str) -> Any:
    if cell.startswith(GUARD) and cell[1:].startswith(FORMULA):
        return cell[1:]
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _guarded(text: str) -> str:
    return f"{GUARD}{text}" if text.startswith(FORMULA) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith(GUARD) and text[1:].startswith(FORMULA) else text


def _refused(wrong: list[tuple[int, str]]) -> InvalidInput:
    details = [{"field": f"line {line}", "message": message} for line, message in wrong]
    return InvalidInput(f"Line {wrong[0][0]}: {wrong[0][1]}", details=details)
