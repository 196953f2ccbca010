"""Cases as files: what is written can be read again, what is wrong is told by its line, and no cell becomes a formula."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexod.kernel.errors import InvalidInput
from workflows.evals.sheets import CSV, JSONL, read_cases, write_cases
from workflows.models import Case

ROWS: list[dict[str, Any]] = [
    {"name": "one", "inputs": {"q": "why, and \"how\"?\nso", "n": 1}, "expected": {"a": "x", "l": [1, 2]}, "tags": ["t", "u v"]},
    {"name": "numbers as text", "inputs": {"q": "5", "n": -1.5, "none": None, "yes": True}, "expected": {"a": "true"}, "tags": []},
    {"name": "=cmd()", "inputs": {"q": "=1+1", "n": 0}, "expected": {"a": "@x", "b": "+1", "c": "-"}, "tags": ["=t"]},
    {"name": "empty", "inputs": {"q": ""}, "expected": None, "tags": []},
    {"name": "text alone", "inputs": {}, "expected": "just text", "tags": []},
    {"name": "quoted", "inputs": {"q": "'=x", "r": '"s"', "s": "null"}, "expected": [1], "tags": []},
]  # fmt: skip


@pytest.mark.parametrize("form", [JSONL, CSV])
def test_what_is_written_is_read_again(form: str) -> None:
    text = write_cases([Case(**row) for row in ROWS], form)
    assert read_cases(text, form) == ROWS


def test_no_text_becomes_a_formula() -> None:
    import csv
    import io

    cells = [cell for line in csv.reader(io.StringIO(write_cases([Case(**row) for row in ROWS], CSV))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@")) or cell == "-"]


@pytest.mark.parametrize(
    ("text", "form", "line", "told"),
    [
        ('{"name": "a"}\n{bad', JSONL, "line 2", "not JSON"),
        ('{"name": "a", "input": {}}', JSONL, "line 1", "no field 'input'"),
        ('{"inputs": []}', JSONL, "line 1", "inputs"),
        ('{"tags": "t"}', JSONL, "line 1", "tags"),
        ("[]", JSONL, "line 1", "not an object"),
        ("", JSONL, "line 1", "no case"),
        ("name,colour\na,red\n", CSV, "line 1", "no column 'colour'"),
        ("name,inputs.q\na,b,c\n", CSV, "line 2", "more cells"),
        ("[" * 100_000, JSONL, "line 1", "not JSON"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(text: str, form: str, line: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cases(text, form)
    [first, *_] = refused.value.details
    assert first["field"] == line  # type: ignore[index]
    assert told in first["message"]  # type: ignore[index]


def test_every_mistake_is_told_up_to_twenty() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cases("bad\n" * 50, JSONL)
    assert len(refused.value.details) == 20


def test_too_many_cases_are_refused() -> None:
    with pytest.raises(InvalidInput, match="5,000"):
        read_cases((json.dumps({"inputs": {}}) + "\n") * 5_001, JSONL)


def test_a_spreadsheet_file_begins_with_a_mark() -> None:
    assert read_cases("\ufeffname,inputs.n\na,5\n", CSV)[0]["inputs"] == {"n": 5}
