"""Answers that conform to a JSON Schema: how they are asked for, read and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from agents.llm.endpoint import Ask, Endpoint, Reply
from nexod.kernel.errors import InvalidInput

_FENCE = re.compile(r"```(?:json)?(.*?)```", re.DOTALL)
_LONGEST_COMPLAINT = 400
LONGEST_STRING, LONGEST_ARRAY = 240, 8
_CLOSED = {"enum", "const", "format", "pattern", "maxLength"}


class DoesNotFit(ValueError):
    """The text is not JSON, or not of the schema."""


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the protocol's ``response_format``; ``strict`` only where the schema obeys OpenAI's rules for it."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": dict(schema), "strict": _is_strict(schema)},
    }


def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with a length for every string and array that has none: a small model may not find the end."""
    inner = {name: _bounded(value) for name, value in schema.items()}
    if schema.get("type") == "string" and not _CLOSED & schema.keys():
        inner["maxLength"] = max(LONGEST_STRING, schema.get("minLength", 0))
    if schema.get("type") == "array" and "maxItems" not in schema:
        inner["maxItems"] = max(LONGEST_ARRAY, schema.get("minItems", 0))
    return inner


def _bounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return bounded(value)
    return [_bounded(part) for part in value] if isinstance(value, list) else value


def described(ask: Ask, schema: Mapping[str, Any]) -> Ask:
    """Return the question with the schema in words instead of in the protocol."""
    words = f"Answer with nothing but JSON that conforms to this JSON Schema:\n{json.dumps(schema)}"
    return replace(ask, schema=None, messages=({"role": "system", "content": words}, *ask.messages))


def repaired(ask: Ask, answer: Reply, problem: DoesNotFit, endpoint: Endpoint) -> Ask:
    """Return the second question: more room when the first answer ran out of it, else the complaint."""
    if answer.finish == "length":
        room = endpoint.answer_tokens(ask.max_tokens)
        return replace(ask, max_tokens=room and room * 2)
    complaint = f"That does not fit: {problem} Answer again, with nothing but JSON that fits the schema."
    said = ({"role": "assistant", "content": answer.text}, {"role": "user", "content": complaint})
    return replace(ask, messages=(*ask.messages, *said))


def parsed(text: str, schema: Mapping[str, Any]) -> Any:
    """Return the value in ``text`` (bare, fenced, or after some prose) when it conforms; raise DoesNotFit, saying why."""
    from nexod.kernel.json_schemas import complaints

    value = _read(_without_thoughts(text).strip())
    for problem in complaints(value, _usable(json.dumps(schema, sort_keys=True))):
        where = ".".join(filter(None, ("$", problem["field"])))
        raise DoesNotFit(f"{where}: {problem['message']}"[:_LONGEST_COMPLAINT])
    return value


def fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Say whether ``parsed`` finds a value in the text."""
    try:
        parsed(text, schema)
    except DoesNotFit:
        return False
    return True


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise InvalidInput when ``schema`` itself is not a JSON Schema, or could hang who checks with it."""
    _usable(json.dumps(schema, sort_keys=True))


def _without_thoughts(text: str) -> str:
    """Return the text without ``<think>...</think>``, in one pass: a pattern would begin anew at every ``<think>``."""
    kept, at = [], 0
    while (start := text.find("<think>", at)) >= 0 and (end := text.find("</think>", start)) >= 0:
        kept.append(text[at:start])
        at = end + len("</think>")
    return "".join((*kept, text[at:]))


def _read(text: str) -> Any:
    fenced = _FENCE.search(text)
    for candidate in (text, fenced.group(1) if fenced else "", text[text.find("{") :] if "{" in text else ""):
        try:
            return json.JSONDecoder(parse_constant=_no_constant).raw_decode(candidate.strip())[0]
        except (ValueError, RecursionError):
            continue
    raise DoesNotFit("The answer is not JSON.")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


@lru_cache(maxsize=256)
def _usable(schema: str) -> dict[str, Any]:
    from nexod.kernel.json_schemas import SchemaRefused, usable

    try:
        return usable(json.loads(schema))
    except SchemaRefused as refusal:
        raise InvalidInput(f"The output schema cannot be used: {refusal}"[:_LONGEST_COMPLAINT]) from refusal


def _is_strict(schema: Any) -> bool:
    """Say whether every object in ``schema`` is closed and requires all that it has (OpenAI's structured outputs)."""
    if isinstance(schema, list):
        return all(_is_strict(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    if "properties" in schema or schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            return False
    return all(_is_strict(part) for part in schema.values())
