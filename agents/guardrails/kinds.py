"""The kinds of guardrails as JSON: what each may say, and what is wrong with one that somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexod.kernel.json_schemas import SchemaRefused, complaints, usable
from nexod.kernel.sandbox import complaint

Json = dict[str, Any]
MOST, LONGEST_RUBRIC, MOST_WORDS = 10, 2_000, 20
_COUNT = {"type": "integer", "minimum": 0, "maximum": 100_000}
_TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "maxItems": MOST_WORDS}
_MESSAGE = {"type": "string", "maxLength": 500, "description": "What the agent is told instead of our words"}


def _kind(required: tuple[str, ...], **properties: Any) -> Json:
    return {
        "type": "object",
        "properties": {"kind": {"type": "string"}, "message": _MESSAGE, **properties},
        "required": ["kind", *required],
        "additionalProperties": False,
    }


KINDS: Mapping[str, Json] = {
    "words": _kind(
        (),
        min_words=_COUNT,
        max_words=_COUNT,
        min_characters=_COUNT,
        max_characters=_COUNT,
        must=_TEXTS,
        must_not=_TEXTS,
    ),
    "cel": _kind(("expression",), expression={"type": "string", "minLength": 1, "maxLength": 1_000}),
    "schema": _kind(("schema",), schema={"type": "object"}),
    "model": _kind(("rubric",), rubric={"type": "string", "minLength": 1, "maxLength": LONGEST_RUBRIC}),
}
"""``words`` bounds length and wants or forbids texts (in any case); ``cel`` is true of ``result.text``, ``result.data`` (its
JSON, or null), ``result.words`` and ``result.characters``; ``schema`` is a JSON Schema of its JSON; ``model`` is judged by the
agent's own model after a rubric."""


def documented() -> dict[str, Json]:
    """Return the schema of each kind with its name in it, for the API's description."""
    return {
        kind: {**schema, "properties": {**schema["properties"], "kind": {"type": "string", "enum": [kind]}}}
        for kind, schema in KINDS.items()
    }


def complaints_of(guardrails: Any) -> list[str]:
    """Return what is wrong with guardrails that somebody wrote, each complaint with the place that it is about."""
    if not isinstance(guardrails, list) or not all(isinstance(each, dict) for each in guardrails):
        return ["Guardrails are a list of JSON objects, each with its kind."]
    if len(guardrails) > MOST:
        return [f"A task has at most {MOST} guardrails."]
    return [
        f"Guardrail {number}: {text}" for number, each in enumerate(guardrails, 1) for text in _complaints_of_one(each)
    ]


def _complaints_of_one(guardrail: Json) -> list[str]:
    kind = guardrail.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return [f"There is no kind {kind!r}; there are {', '.join(KINDS)}."]
    return [_told(problem) for problem in complaints(guardrail, KINDS[kind])] or _beyond_shape(guardrail)


def _beyond_shape(guardrail: Json) -> list[str]:
    """Return what a schema cannot say: an expression that is none, bounds that leave nothing."""
    match guardrail["kind"]:
        case "cel":
            return list(filter(None, [complaint(guardrail["expression"], "result")]))
        case "schema":
            return _schema_complaints(guardrail["schema"])
        case "words":
            return _words_complaints(guardrail)
    return []


def _schema_complaints(schema: Json) -> list[str]:
    try:
        usable(schema)
    except SchemaRefused as refused:
        return [str(refused)[:300]]
    return []


def _words_complaints(guardrail: Json) -> list[str]:
    if not guardrail.keys() - {"kind", "message"}:
        return ["It asks for nothing: give a length, or texts that must or must not be there."]
    units = ("words", "characters")
    return [
        f"At least {low} and at most {high} {unit} leaves nothing."
        for unit in units
        if (low := guardrail.get(f"min_{unit}", 0)) > (high := guardrail.get(f"max_{unit}", low))
    ]


def _told(problem: Mapping[str, Any]) -> str:
    return f"{problem['field']}: {problem['message']}" if problem["field"] else str(problem["message"])
