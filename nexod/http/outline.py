"""Turns the OpenAPI document into what a page shows: groups of operations, their fields in rows, and a body to copy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
DEPTH = 3
SAMPLES: dict[str, Any] = {"integer": 1, "number": 0.5, "boolean": True, "object": {}, "array": []}
BOUNDS = {"maxLength": "at most", "minimum": "from", "maximum": "to"}
FORMATS = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "a@example.com",
}

_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One field: its name, how deep it is, its type in words, and what it means."""

    name: str
    depth: int
    type: str
    required: bool
    description: SafeString


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which an operation answers."""

    status: str
    description: str
    type: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    description: SafeString
    parameters: list[Row]
    body: list[Row]
    sample: str
    media_type: str
    answers: list[Answer]
    failures: list[Answer]


@dataclass(slots=True)
class Group:
    """The operations under one tag."""

    name: str
    operations: list[Operation] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Return the tag as a heading."""
        return self.name.replace("-", " ").capitalize().replace("Api ", "API ")


def groups(document: Document) -> list[Group]:
    """Return the document's operations by their first tag, in its order."""
    found: dict[str, Group] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                name = (item[method].get("tags") or ["other"])[0]
                found.setdefault(name, Group(name)).operations.append(_operation(document, path, method, item[method]))
    return list(found.values())


def _operation(document: Document, path: str, method: str, operation: Document) -> Operation:
    media_type, schema = _content(operation.get("requestBody") or {})
    answers = [_answer(document, status, answer) for status, answer in sorted(operation["responses"].items())]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=prose(operation.get("description", "")),
        parameters=[_parameter(document, parameter) for parameter in operation.get("parameters", [])],
        body=list(rows(document, schema)),
        sample=json.dumps(sample(document, schema), indent=2) if schema else "",
        media_type=media_type,
        answers=[answer for answer in answers if answer.status < "400"],
        failures=[answer for answer in answers if answer.status >= "400"],
    )


def _content(holder: Document) -> tuple[str, Document]:
    for media_type, content in (holder.get("content") or {}).items():
        return media_type, content.get("schema") or {}
    return "", {}


def _answer(document: Document, status: str, answer: Document) -> Answer:
    _, schema = _content(answer)
    return Answer(status, answer.get("description", ""), words(document, schema), list(rows(document, schema)))


def _parameter(document: Document, parameter: Document) -> Row:
    parameter = resolve(document, parameter)
    schema = parameter.get("schema") or {}
    type_ = f"{words(document, schema)} in the {parameter['in']}"
    return Row(parameter["name"], 0, type_, parameter.get("required", False), _meaning(parameter, schema))


def resolve(document: Document, schema: Document) -> Document:
    """Return the schema that a reference, or an ``allOf`` of one, stands for."""
    while "$ref" in schema or len(schema.get("allOf", ())) == 1:
        schema = schema["allOf"][0] if "allOf" in schema else _at(document, schema["$ref"])
    return schema


def _at(document: Document, reference: str) -> Document:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found  # type: ignore[no-any-return]


def words(document: Document, schema: Document) -> str:
    """Return a schema's type as people say it."""
    schema = resolve(document, schema)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join("null" if value is None else str(value) or '""' for value in schema["enum"])
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(words(document, option) for option in schema[union]))
    types = schema.get("type", "any value" if schema else "nothing")
    names = [types] if isinstance(types, str) else types
    return " or ".join(_word(document, schema, name) for name in names)


def _word(document: Document, schema: Document, name: str) -> str:
    if name == "array":
        return f"list of {words(document, schema.get('items') or {})}"
    return str(schema.get("format", name)) if name == "string" else name


def rows(document: Document, schema: Document, depth: int = 0) -> Iterator[Row]:
    """Yield a row for each property, those of nested objects right below, DEPTH levels at most."""
    schema = resolve(document, schema)
    if schema.get("type") == "array":
        schema = resolve(document, schema.get("items") or {})
    for name, inner in (schema.get("properties") or {}).items():
        yield Row(
            name,
            depth,
            words(document, inner),
            name in schema.get("required", ()),
            _meaning(inner, resolve(document, inner)),
        )
        if depth + 1 < DEPTH:
            yield from rows(document, inner, depth + 1)


def _meaning(holder: Document, schema: Document) -> SafeString:
    said = holder.get("description") or schema.get("description") or ""
    if "default" in schema and schema["default"] not in ("", None):
        said = f"{said} Default: {schema['default']}.".strip()
    bounds = [f"{label} {schema[key]}" for key, label in BOUNDS.items() if key in schema and schema[key] < 2**31 - 1]
    return marked(" ".join(filter(None, (said, f"({', '.join(bounds)})" if bounds else ""))))


def prose(text: str) -> SafeString:
    """Return the text escaped, with paragraphs and `code`."""
    paragraphs = (marked(part.strip()) for part in text.split("\n\n") if part.strip())
    return mark_safe("".join(f"<p>{part}</p>" for part in paragraphs))  # noqa: S308 - each part is escaped


def marked(text: str) -> SafeString:
    """Return the text escaped, with `code`."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped


def sample(document: Document, schema: Document, depth: int = 0) -> Any:
    """Return a value that fits, with the required properties only, or the first when none is."""
    schema = resolve(document, schema)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    if schema.get("properties") and depth < DEPTH:
        names = schema.get("required") or list(schema["properties"])[:1]
        return {name: sample(document, schema["properties"][name], depth + 1) for name in names}
    if schema.get("oneOf") or schema.get("anyOf"):
        return sample(document, (schema.get("oneOf") or schema["anyOf"])[0], depth)
    types = schema.get("type", "object")
    name = types if isinstance(types, str) else types[0]
    return SAMPLES.get(name, FORMATS.get(schema.get("format", ""), "text"))
