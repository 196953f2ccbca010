"""Http: one request to another service, performed once however often the run is taken up again."""

from __future__ import annotations

from typing import Any

from nexod.kernel import run_port
from workflows.expressions import evaluate
from workflows.nodes import fields, http_headers, sent
from workflows.nodes.base import (
    CheckedNode,
    Expression,
    Json,
    NodeCall,
    NodeResult,
    NodeType,
    Problem,
    Reference,
    References,
)
from workflows.rendering import render

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SAFE = frozenset({"GET", "HEAD"})
IDEMPOTENT = SAFE | {"PUT", "DELETE"}
DEFAULT_TIMEOUT_S, DEFAULT_BYTES = 30, 1_000_000
MEDIA_TYPES = ("application/json", "text/plain", "application/x-www-form-urlencoded", "application/xml", "text/csv")
_NAMES = {"propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"}, "maxProperties": 50}


class HttpNode(NodeType):
    """Gives ``{"status", "headers", "body", "json"}``: a JSON answer is in ``json``, any other text in ``body``."""

    type = "http"
    title = "HTTP request"
    description = "Calls another service by HTTP."
    schema = fields.closed(
        ("url",),
        {
            "method": {"title": "Method", "enum": list(METHODS), "default": "GET"},
            "url": fields.template("Address", empty=False),
            "credential": {
                **fields.slug("Credential", "credential", empty=True),
                "description": "Sent along to its own hosts only; what comes back is without it.",
            },
            "query": {
                "type": "object",
                "title": "Query parameters",
                **_NAMES,
                "additionalProperties": fields.template("Value"),
            },
            "headers": {
                "type": "object",
                "title": "Headers",
                "description": "No secrets: whoever may read the workflow could read them. Choose a credential.",
                **_NAMES,
                "additionalProperties": fields.template("Value"),
            },
            "body": fields.template("Body as text"),
            "media_type": {"title": "Media type of the text", "enum": list(MEDIA_TYPES), "default": "text/plain"},
            "json": fields.expression("Body as JSON"),
            "expect": {
                "type": "array",
                "title": "Statuses that are a success (without any: those from 200 to 299)",
                "items": {"type": "integer", "minimum": 100, "maximum": 599},
                "maxItems": 50,
                "uniqueItems": True,
            },
            "response": {"title": "Read the answer as", "enum": ["auto", "json", "text"], "default": "auto"},
            "idempotent": {
                "type": "boolean",
                "title": "May be repeated when nobody knows whether it happened",
                "description": "Without a choice: true for GET, HEAD, PUT and DELETE. An Idempotency-Key is sent.",
            },
            "timeout_s": {
                "type": "number",
                "title": "Seconds until it is given up",
                "minimum": 1,
                "maximum": 600,
                "default": DEFAULT_TIMEOUT_S,
            },
            "max_bytes": {
                "type": "integer",
                "title": "Bytes of the answer",
                "minimum": 1,
                "maximum": 2_000_000,
                "default": DEFAULT_BYTES,
            },
        },
    )
    example = {
        "method": "POST",
        "url": "https://api.example.com/orders/{{ inputs.order }}",
        "query": {"dry": "yes"},
        "headers": {"X-Source": "nexod"},
        "json": "{'note': inputs.note}",
        "expect": [200, 201],
    }

    def templates(self, config: Json) -> dict[str, str]:
        texts: dict[str, str] = {field: config[field] for field in ("url", "body") if field in config}
        for field in ("query", "headers"):
            texts |= {f"{field}.{name}": template for name, template in config.get(field, {}).items()}
        return texts

    def expressions(self, config: Json) -> dict[str, Expression]:
        return {"json": Expression(config["json"])} if "json" in config else {}

    def references(self, config: Json) -> list[Reference]:
        named = config.get("credential")
        return [Reference("credential", named, "credential")] if named else []

    def output(self, config: Json) -> Json:
        parts = {"status": {"type": "integer"}, "headers": {"type": "object"}, "body": fields.TEXT, "json": {}}
        return fields.closed(tuple(parts), parts)

    def check(self, node: CheckedNode, references: References) -> list[Problem]:
        problems = super().check(node, references)
        problems += http_headers.problems(node.config.get("headers", {}), node.id)
        problems += sent.problems(node, references)
        bodies = [field for field in ("body", "json") if field in node.config]
        if len(bodies) > 1:
            problems.append(Problem("bad_config", "A request has one body: text or JSON.", node.id, "config.json"))
        method = node.config.get("method", "GET")
        if method in SAFE:
            problems += [
                Problem("bad_config", f"A {method} request has no body.", node.id, f"config.{body}") for body in bodies
            ]
        return problems

    def run(self, call: NodeCall) -> NodeResult:
        from agents.credentials.carrying import carrying
        from nexod.kernel.outgoing.request import prepared, send

        config, values = call.config, call.values
        request = prepared(
            config.get("method", "GET"),
            render(config["url"], values),
            query={name: render(template, values) for name, template in config.get("query", {}).items()},
            headers={name: render(template, values) for name, template in config.get("headers", {}).items()},
            body=_body(config, values),
        )
        named = config.get("credential", "")
        wanted = run_port.SideEffect(
            kind="http",
            name=f"{request.method} {request.url.copy_with(query=None, fragment=None)}",
            request=_request(request, named),
            idempotent=config.get("idempotent", request.method in IDEMPOTENT),
            shown=_shown(request, named),
        )

        def perform(key: str) -> Json:
            carried = carrying(named, request.url)
            return send(request, config, key if request.method not in SAFE else "", carrying=carried)

        given = run_port.performed(wanted, perform)
        return _told(given, request.url.host)


def _body(config: Json, values: Json) -> tuple[str, Any] | None:
    """Return the media type and what is sent: text, or a JSON value."""
    if "json" in config:
        return "json", evaluate(config["json"], values)
    if "body" in config:
        return config.get("media_type", "text/plain"), render(config["body"], values)
    return None


def _request(request: Any, credential: str) -> list[Any]:
    """Return what tells this request from others. A credential counts by its name: rotated, it asks for the same."""
    parts = [request.method, str(request.url), request.headers.multi_items(), request.content.hex()]
    return [*parts, credential] if credential else parts


def _shown(request: Any, credential: str) -> Json:
    """Return what people may read of the request: its headers stay out, and of a credential there is its name."""
    body = request.content.decode(errors="replace")
    more = {"body": body, "credential": credential}
    return {"method": request.method, "url": str(request.url), **{name: text for name, text in more.items() if text}}


def _told(given: run_port.Performed, host: str) -> NodeResult:
    if given.by_person:
        output = {"status": 0, "headers": {}, "body": "", "json": given.result}
        return NodeResult(output, summary=f"a person says that it happened at {host}")
    return NodeResult(given.result, summary=f"{given.result['status']} from {host}")
