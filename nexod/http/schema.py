"""The OpenAPI document: made once per process and set of addresses, with the manners that all operations share."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

Document = dict[str, Any]

ERROR: Document = {
    "type": "object",
    "description": "What every failed request gets.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {"type": "string", "description": "What programs match on", "examples": ["invalid"]},
                "message": {"type": "string", "description": "What people read"},
                "details": {
                    "description": "What is wrong with each field, or facts by name",
                    "anyOf": [
                        {"type": "array", "items": {"type": "object", "additionalProperties": True}},
                        {"type": "object", "additionalProperties": True},
                    ],
                },
                "request_id": {"type": "string", "description": "Finds the request in the logs"},
            },
        }
    },
}
SECURITY_SCHEMES: Document = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer nxd_...`"},
    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A browser that is logged in"},
}
IDEMPOTENCY_KEY: Document = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeated request act once; the recorded answer carries `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_FAILURES = {"400": "Not valid", "401": "Not authenticated", "403": "Not allowed", "429": "Too many requests"}
_MORE_FAILURES = {"404": "Not found", "409": "Not possible in this state", "422": "The key was used otherwise"}


def describe_manners(result: Document, **kwargs: Any) -> Document:
    """Add the error envelope, the ways to authenticate and ``Idempotency-Key``; a hook of drf-spectacular."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = ERROR
    components["securitySchemes"] = SECURITY_SCHEMES
    components.setdefault("parameters", {})["IdempotencyKey"] = IDEMPOTENCY_KEY
    result["security"] = [{name: []} for name in SECURITY_SCHEMES]
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            _describe(path, method, operation)
    return result


def _describe(path: str, method: str, operation: Document) -> None:
    failures = dict(_FAILURES)
    if "{" in path:
        failures["404"] = _MORE_FAILURES["404"]
    if method in ("post", "patch", "delete"):
        failures["409"] = _MORE_FAILURES["409"]
    if method == "post":
        failures["422"] = _MORE_FAILURES["422"]
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    for code, description in sorted(failures.items()):
        operation.setdefault("responses", {}).setdefault(code, _failure(description))


def _failure(description: str) -> Document:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": description, "content": content}


@cache
def document(urlconf: str) -> Document:
    """Return the OpenAPI document of what ``urlconf`` (a dotted path) serves."""
    from drf_spectacular.generators import SchemaGenerator

    generator = SchemaGenerator(urlconf=urlconf)  # type: ignore[no-untyped-call]
    found: Document = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


@cache
def _encoded(urlconf: str) -> tuple[bytes, str]:
    body = json.dumps(document(urlconf), indent=1, default=str).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def urlconf_of(request: HttpRequest) -> str:
    """Return the addresses that the request was resolved with."""
    return str(getattr(request, "urlconf", None) or settings.ROOT_URLCONF)


def openapi(request: HttpRequest) -> HttpResponse:
    """Serve the document as JSON; it is the same for everybody, so clients may keep it."""
    body, etag = _encoded(urlconf_of(request))
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    patch_cache_control(response, public=True, max_age=60)
    return response
