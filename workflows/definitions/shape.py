"""Whether a document has the parts of a definition: pydantic's complaints, told with node and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from workflows.definitions.document import FORMAT, MAX_NODES, Definition
from workflows.nodes.base import Problem

_MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "literal_error": f"This must be {FORMAT!r}.",
}


def shaped(document: object) -> tuple[Definition | None, list[Problem]]:
    """Return the definition in ``document``, or what keeps it from being one."""
    if not isinstance(document, dict):
        return None, [Problem("malformed", "A definition is a JSON object.")]
    if isinstance(document.get("nodes"), list) and len(document["nodes"]) > MAX_NODES:
        return None, [Problem("too_large", f"A definition may have at most {MAX_NODES:,} nodes.", field="nodes")]
    try:
        return Definition.model_validate(document), []
    except ValidationError as error:
        return None, [_problem(found, document) for found in error.errors(include_url=False, include_context=False)]


def _problem(found: Mapping[str, Any], document: Mapping[str, Any]) -> Problem:
    path: Sequence[str | int] = found["loc"]
    message = _MESSAGES.get(found["type"]) or f"{found['msg']}."
    field = ".".join(str(step) for step in path)
    if len(path) >= 2 and path[0] == "nodes" and isinstance(path[1], int):
        return Problem("malformed", message, _named(document["nodes"][path[1]], "id"), _rest(path, field))
    if len(path) >= 2 and path[0] == "edges" and isinstance(path[1], int):
        return Problem("malformed", message, _named(document["edges"][path[1]], "from"), field)
    return Problem("malformed", message, field=field)


def _rest(path: Sequence[str | int], field: str) -> str:
    return ".".join(str(step) for step in path[2:]) or field


def _named(part: object, key: str) -> str:
    name = part.get(key) if isinstance(part, dict) else None
    return name[:60] if isinstance(name, str) else ""
