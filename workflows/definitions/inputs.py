"""The inputs of a run: defaults filled in, and checked against the definition's schema before the run is created."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from nexod.kernel.errors import InvalidInput
from workflows.definitions.document import Definition
from workflows.definitions.reading import bounds
from workflows.schemas import complaints, usable

Json = dict[str, Any]


class InputsInvalid(InvalidInput):
    """The inputs do not fit the workflow."""

    code = "inputs_invalid"


def prepared_inputs(definition: Definition, inputs: object) -> Json:
    """Return ``inputs`` with the schema's defaults filled in.

    Raises InputsInvalid with ``{"field", "message"}`` for each input that is missing, unknown or of another type. Inputs
    that the schema does not name are refused unless it says ``additionalProperties``.
    """
    if not isinstance(inputs, dict):
        raise InputsInvalid("The inputs are a JSON object.")
    unsafe = bounds(inputs)
    if unsafe:
        raise InputsInvalid(unsafe[0].message)
    schema = _schema(json.dumps(definition.inputs))
    filled = _with_defaults(schema, inputs)
    found = complaints(filled, schema)
    if found:
        raise InputsInvalid(_told(found[0]), details=[{**item, "field": _field(item["field"])} for item in found])
    return filled


@lru_cache(maxsize=64)
def _schema(text: str) -> Json:
    """Return the schema as it is checked with. Every run of a workflow asks for the same one; nobody may change it."""
    return {"additionalProperties": False, **usable(json.loads(text))}


def _with_defaults(schema: Json, value: Json) -> Json:
    """Fill in defaults, also inside objects that are given."""
    filled = dict(value)
    for name, part in schema.get("properties", {}).items():
        if name not in filled and isinstance(part, dict) and "default" in part:
            filled[name] = part["default"]
        elif isinstance(filled.get(name), dict) and isinstance(part, dict):
            filled[name] = _with_defaults(part, filled[name])
    return filled


def _told(complaint: dict[str, str]) -> str:
    return f"{_field(complaint['field'])}: {complaint['message']}"


def _field(path: str) -> str:
    return f"inputs.{path}" if path else "inputs"
