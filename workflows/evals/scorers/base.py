"""What a scorer is: it looks at what a run gave and says, between 0 and 1, how good that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from workflows.json_text import json_text
from workflows.schemas import complaints, usable

Json = dict[str, Any]
MISSING = object()
FIELD = {
    "type": "string",
    "title": "Field of the outputs (empty: all of them)",
    "description": "Such as answer, or report.title",
    "maxLength": 200,
}


@dataclass(frozen=True, slots=True)
class Scored:
    """A run as scorers see it; ``totals`` are tokens_in, tokens_out, model_calls, cost_usd and seconds."""

    inputs: Json
    output: Any
    expected: Any
    totals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """How good it is, 0 to 1, and why in words."""

    score: float
    told: str = ""


class CannotScore(Exception):
    """What the scorer compares is not there, or is not of the kind that it compares."""


class Scorer:
    """One way to score; a subclass says what its config is. Stateless: one instance serves everybody."""

    type: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    schema: ClassVar[Json]
    asks_model: ClassVar[bool] = False

    def problems(self, config: Json) -> list[str]:
        """Return what is wrong with the config, for the person who wrote it."""
        return [f"{item['field'] or 'config'}: {item['message']}" for item in complaints(config, usable(self.schema))]

    def mark(self, scored: Scored, config: Json) -> Mark:
        """Return how good the run is. Raises CannotScore."""
        raise NotImplementedError


def closed(properties: Json, required: tuple[str, ...] = ()) -> Json:
    """Return the schema of a config that has these fields and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def part(value: Any, path: str) -> Any:
    """Return the value at a dotted path, MISSING where there is none; the whole for an empty path."""
    for step in path.split(".") if path else ():
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else MISSING
        else:
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    return value


def pair(scored: Scored, config: Json) -> tuple[Any, Any]:
    """Return what was given and what is expected, at the config's field. Raises CannotScore without either.

    What is expected may also be the field's value itself, where it is no object.
    """
    path = config.get("field", "")
    given = part(scored.output, path)
    expected = part(scored.expected, path) if isinstance(scored.expected, dict) else scored.expected
    if expected is MISSING or expected is None:
        raise CannotScore(f"The case does not say what is expected{f' of {path}' if path else ''}.")
    if given is MISSING or given is None:
        raise CannotScore(f"The outputs have no {path}." if path else "The run gave nothing.")
    return given, expected


def as_text(value: Any) -> str:
    """Return the value as text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_text(value)


def short(value: Any, limit: int = 120) -> str:
    """Return the value for a sentence."""
    text = " ".join(as_text(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
