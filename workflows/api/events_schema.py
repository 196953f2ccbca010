"""How OpenAPI describes ``/runs/{id}/events``, a plain view that drf-spectacular does not see; a hook of its own."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from nexod.kernel.events import REGISTRY
from workflows.api.events import LARGEST_LIMIT, USUAL_LIMIT

Document = dict[str, Any]
PATH = "/api/v1/runs/{run_id}/events"
REFERENCE = "#/components/schemas/Event{model}"


def describe_events(result: Document, **kwargs: Any) -> Document:
    """Add the operation and the closed schemas of all events; a hook of drf-spectacular."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    models, shared = models_json_schema(
        [(event, "serialization") for event in REGISTRY.values()], ref_template=REFERENCE
    )
    schemas |= {f"Event{name}": schema for name, schema in shared["$defs"].items()}
    references = {event.type: models[event, "serialization"] for event in REGISTRY.values()}
    schemas["RunEvent"] = {
        "description": "Something that happened in a run; `seq` counts from 1 without gaps.",
        "oneOf": [_event(type_, data) for type_, data in sorted(references.items())],
    }
    schemas["RunEventPage"] = _page()
    result["paths"][PATH] = {"get": _operation()}
    return result


def _event(type_: str, data: Document) -> Document:
    return {
        "type": "object",
        "title": type_,
        "required": ["seq", "type", "at", "data"],
        "properties": {
            "seq": {"type": "integer", "minimum": 1},
            "type": {"const": type_},
            "at": {"type": "string", "format": "date-time"},
            "data": data,
        },
    }


def _page() -> Document:
    link = {"type": ["string", "null"], "format": "uri-reference"}
    results = {"type": "array", "items": {"$ref": "#/components/schemas/RunEvent"}}
    return {
        "type": "object",
        "required": ["results", "next", "previous"],
        "properties": {"results": results, "next": link, "previous": link},
    }


def _operation() -> Document:
    stream = "One message an event: `id` is its seq, `event` its type, `data` the event as JSON. Ends with the run."
    return {
        "operationId": "run_events",
        "summary": "Read or follow the events of a run",
        "description": (
            "JSON by default: a page in the order of `seq`. With `Accept: text/event-stream` the events that are there, then "
            "each as it is committed; a client that reconnects sends `Last-Event-ID` and misses nothing."
        ),
        "tags": ["runs"],
        "parameters": [
            {"name": "run_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            _number("after", "Only events with a greater seq", default=0),
            _number("limit", "Events on a page", default=USUAL_LIMIT, maximum=LARGEST_LIMIT),
            {
                "name": "Last-Event-ID",
                "in": "header",
                "schema": {"type": "string"},
                "description": "As `after`, for streams",
            },
        ],
        "responses": {
            "200": {
                "description": "Events",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/RunEventPage"}},
                    "text/event-stream": {"schema": {"type": "string", "description": stream}},
                },
            },
            "204": {"description": "A stream was asked for, but the run is over and there is nothing after `after`"},
        },
    }


def _number(name: str, description: str, **bounds: int) -> Document:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "integer", "minimum": 0, **bounds},
    }
