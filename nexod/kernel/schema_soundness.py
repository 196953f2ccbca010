"""Whether something is a JSON Schema at all: asked quickly, and once for the same one.

The published schema of schemas (draft 2020-12) is seven documents that refer to each other by way of the one that is checked. Here
they are one, so that most of the time goes into the schema and not into finding the way; what it refuses is told by the library.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

Json = dict[str, Any]
META = "https://json-schema.org/draft/2020-12/meta/"
VOCABULARIES = (
    "core", "applicator", "unevaluated", "validation", "meta-data", "format-annotation", "content",
)  # fmt: skip
_OWN = ("$dynamicAnchor", "$id", "$schema")
MOST_KNOWN = 20_000
_known: dict[bytes, None] = {}


def require_sound(schema: Json) -> None:
    """Raise jsonschema's SchemaError for what is no JSON Schema, RecursionError for what is nested too deeply."""
    digest = hashlib.sha256(json.dumps(schema).encode(errors="surrogatepass")).digest()
    if digest in _known:
        return
    if not _whole().is_valid(schema):
        Draft202012Validator.check_schema(schema)
    while len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)), None)
    _known[digest] = None


@cache
def _whole() -> Any:
    """Return the validator of the seven as one."""
    properties: Json = {}
    parts: Json = {}
    for name in VOCABULARIES:
        found = _here(REGISTRY[f"{META}{name}"].contents)
        properties |= found["properties"]
        parts |= found.get("$defs", {})
    return Draft202012Validator({"type": ["object", "boolean"], "properties": properties, "$defs": parts})


def _here(part: Any) -> Any:
    """Return a part of the schema of schemas where every way to the whole leads to this one document."""
    if isinstance(part, list):
        return [_here(item) for item in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$dynamicRef"), str):  # elsewhere it is a property with that name
        return {"$ref": "#"}
    return {name: _here(item) for name, item in part.items() if name not in _OWN or not isinstance(item, str)}
