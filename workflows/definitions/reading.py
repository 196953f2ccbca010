"""From bytes to a document of bounded size, depth and characters, before anything looks at its meaning."""

from __future__ import annotations

import json
import math
from typing import Any

from workflows.nodes.base import Problem

MAX_BYTES = 5_000_000
MAX_DEPTH = 100
MAX_VALUES = 500_000


def read(source: str | bytes) -> tuple[Any, list[Problem]]:
    """Return the JSON document in ``source`` and what keeps it from being one."""
    if len(source) > MAX_BYTES:
        return None, [Problem("too_large", f"The document is larger than {MAX_BYTES:,} bytes.")]
    try:
        document = json.loads(source)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return None, [Problem("malformed", f"This is not JSON: {error.msg} at {where}.")]
    except UnicodeDecodeError:
        return None, [Problem("malformed", "This is not JSON: the text is not UTF-8.")]
    except RecursionError:
        return None, [_too_deep()]
    return document, bounds(document)


def bounds(document: object) -> list[Problem]:
    """Return why the document cannot be stored or walked safely: too deep, too many values, or no JSON values."""
    level: list[object] = [document]
    values = 0
    for _ in range(MAX_DEPTH + 1):
        values += len(level)
        if values > MAX_VALUES:
            return [Problem("too_large", f"The document has over {MAX_VALUES:,} values.")]
        strange = next((problem for item in level if (problem := _strange(item))), None)
        if strange:
            return [strange]
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return []
    return [_too_deep()]


def _inside(item: object) -> list[object]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return list(item) if isinstance(item, list) else []


def _strange(item: object) -> Problem | None:
    if isinstance(item, str):
        return None if item.isprintable() or _storable(item) else Problem("malformed", _UNSTORABLE)
    if isinstance(item, float) and not math.isfinite(item):
        return Problem("malformed", "A number is not finite.")
    if item is None or isinstance(item, bool | int | float | dict | list):
        return None
    return Problem("malformed", f"A value of type {type(item).__name__} is not JSON.")


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _too_deep() -> Problem:
    return Problem("too_large", f"The document is nested more than {MAX_DEPTH} levels deep.")


_UNSTORABLE = "A text contains a character that cannot be stored (NUL or half of a surrogate pair)."
