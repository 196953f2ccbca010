"""What a step was given, for people who look at it: the values that its config names, shortened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workflows.json_text import json_text

Json = dict[str, Any]
MAX_CHARACTERS = 1_000
MAX_NAMES = 50


def given(names: Iterable[str], values: Json) -> Json:
    """Return ``{dotted name: value}`` for the names that have a value; what is long is cut and is text then."""
    found = {}
    for name in [name for name in names if "." in name][:MAX_NAMES]:
        value = _value(name.split("."), values)
        if value is not None:
            found[name] = _shortened(value)
    return found


def _value(path: list[str], values: Any) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _shortened(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json_text(value)
    return value if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"
