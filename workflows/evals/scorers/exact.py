"""Exact: the outputs, or one field of them, are what was expected."""

from __future__ import annotations

from typing import Any

from workflows.evals.scorers.base import FIELD, Json, Mark, Scored, Scorer, closed, pair, short


class Exact(Scorer):
    """1 when they are the same, else 0. Of an object only the expected fields count."""

    type = "exact"
    title = "Exact"
    description = "What came out is what was expected; fields of which nothing is expected do not count."
    schema = closed(
        {
            "field": FIELD,
            "ignore_case": {"type": "boolean", "title": "Ignore case", "default": False},
            "ignore_space": {"type": "boolean", "title": "Ignore differences in white space", "default": False},
        }
    )

    def mark(self, scored: Scored, config: Json) -> Mark:
        given, expected = (_plain(value, config) for value in pair(scored, config))
        if isinstance(given, dict) and isinstance(expected, dict):
            wrong = [name for name in expected if given.get(name) != expected[name]]
            if not wrong:
                return Mark(1.0)
            first = wrong[0]
            return Mark(0.0, f"{first} is {short(given.get(first))}, not {short(expected[first])}")
        return Mark(1.0) if given == expected else Mark(0.0, f"{short(given)} is not {short(expected)}")


def _plain(value: Any, config: Json) -> Any:
    if isinstance(value, str):
        text = " ".join(value.split()) if config.get("ignore_space") else value
        return text.casefold() if config.get("ignore_case") else text
    if isinstance(value, dict):
        return {name: _plain(item, config) for name, item in value.items()}
    return [_plain(item, config) for item in value] if isinstance(value, list) else value
