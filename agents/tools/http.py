"""Calls another service. Only hosts and methods that whoever gave the tool allowed; over the platform's egress, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.tools.base import Approval, BoundTool, Json, Tool
from agents.tools.errors import ArgumentsInvalid
from nexod.kernel.errors import AddressRefused, InvalidInput
from nexod.kernel.outgoing.headers import refusal

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
MOST_OFFERED = 500
SAFE = frozenset({"GET", "HEAD"})
IDEMPOTENT = SAFE | {"PUT", "DELETE"}
_PORTS = {"https": 443, "http": 80}
_HOST = r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$"


class HttpRequest(Tool):
    """Gives ``{"status", "headers", "body", "json"}``. What changes something is done once, whatever happens to the worker."""

    name = "http_request"
    title = "HTTP request"
    description = "Calls a web service and returns its answer."
    parameters = {
        "type": "object",
        "properties": {
            "method": {"enum": list(METHODS), "default": "GET"},
            "url": {"type": "string", "minLength": 1, "maxLength": 4_000},
            "query": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 50},
            "json": {"description": "The body, as JSON; not for GET and HEAD"},
        },
        "required": ["url"],
        "additionalProperties": False,
    }
    settings = {
        "type": "object",
        "properties": {
            "hosts": {
                "type": "array",
                "title": "Hosts",
                "description": "Which it may call, such as api.example.com or *.example.com.",
                "items": {"type": "string", "pattern": _HOST, "maxLength": 260},
                "minItems": 1,
                "maxItems": 50,
                "uniqueItems": True,
            },
            "methods": {
                "type": "array",
                "title": "Methods",
                "items": {"type": "string", "enum": list(METHODS)},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["GET"],
            },
            "headers": {
                "type": "object",
                "title": "Headers that every request carries",
                "description": "No secrets: whoever may read the agent could read them. Choose a credential.",
                "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"},
                "additionalProperties": {"type": "string", "maxLength": 2_000},
                "maxProperties": 20,
            },
            "credential": {
                "type": "string",
                "title": "Credential",
                "description": "Sent along to its own hosts only. The model knows nothing of it.",
                "pattern": "^[-A-Za-z0-9_]{1,60}$",
                "x-reference": "credential",
            },
            "purpose": {
                "type": "string",
                "title": "What it is for",
                "description": "Told to the model, such as: our orders, at https://api.example.com/orders/{number}",
                "maxLength": 1_000,
            },
            "timeout_s": {
                "type": "number",
                "title": "Seconds until it is given up",
                "minimum": 1,
                "maximum": 120,
                "default": 30,
            },
        },
        "required": ["hosts"],
        "additionalProperties": False,
    }
    side_effect = True
    idempotent = False

    def bind(self, settings: Json, approval: Approval = "never", *, knowledge: Sequence[str] = ()) -> BoundTool:
        """Return the tool with the methods and hosts that the settings allow in its words."""
        methods = settings.get("methods") or ["GET"]
        properties = {**self.parameters["properties"], "method": {"enum": methods, "default": methods[0]}}
        words = [self.description, settings.get("purpose", ""), f"Hosts: {', '.join(settings['hosts'])}."]
        parameters = {**self.parameters, "properties": properties}
        return BoundTool(self.name, self.title, " ".join(filter(None, words)), parameters, self, settings, approval)

    def complaints(self, settings: Json) -> list[str]:
        """Return which headers nobody may set, and what is wrong with the credential."""
        refused = [why for name in settings.get("headers", {}) if (why := refusal(name)[1])]
        return refused + (_credential_problems(settings) if settings.get("credential") else [])

    def choices(self) -> Mapping[str, list[tuple[str, str]]]:
        """Return the credentials of the tenant."""
        from agents.models import Credential

        return {"credential": list(Credential.objects.order_by("name").values_list("slug", "name")[:MOST_OFFERED])}

    def may_repeat(self, arguments: Json, settings: Json) -> bool:
        """Say whether the method promises that a repetition changes nothing."""
        return _method(arguments, settings) in IDEMPOTENT

    def require_possible(self, arguments: Json, settings: Json) -> None:
        """Raise for an address that may not be called: not one of its hosts, or not a public one. Nothing is sent."""
        from agents.credentials.carrying import usable
        from nexod.kernel.egress import require_reachable

        request = _request(arguments, settings)
        if settings.get("credential"):
            usable(settings["credential"], request.url)
        try:
            require_reachable(request.url.host, request.url.port or _PORTS[request.url.scheme])
        except AddressRefused:
            raise
        except InvalidInput:
            return  # nobody knows the host now; it may be known when it is called

    def about(self, arguments: Json, settings: Json) -> str:
        """Return method and address, without the query, which may hold what not everybody should read."""
        return f"{_method(arguments, settings)} {arguments['url'].partition('?')[0]}"

    def run(self, arguments: Json, settings: Json, key: str) -> Any:
        """Return the answer; raise ArgumentsInvalid, AddressRefused or what the request itself raises."""
        from agents.credentials.carrying import carrying
        from nexod.kernel.outgoing.request import send

        request = _request(arguments, settings)
        config = {"timeout_s": settings.get("timeout_s", 30)}
        carried = carrying(settings.get("credential", ""), request.url)
        answer = send(request, config, key if request.method not in SAFE else "", carrying=carried)
        return {name: part for name, part in answer.items() if part not in ("", None, {})}


def _credential_problems(settings: Json) -> list[str]:
    """Return why the credential that the settings name is not here, or is not sent where the tool may call."""
    from agents.credentials.facts import facts_of
    from agents.models import Credential

    row = Credential.objects.filter(slug=settings["credential"]).first()
    if row is None:
        return [f"There is no credential {settings['credential']!r}."]
    facts = facts_of(row)
    found = [why for _, why in facts.clashes(settings.get("headers", {}), ())]
    if beyond := facts.uncovered(settings["hosts"]):
        found.append(f"{row.name} is sent to {', '.join(row.hosts)} only, not to {', '.join(beyond)}.")
    return found


def _request(arguments: Json, settings: Json) -> Any:
    """Return what is sent; raise ArgumentsInvalid or HttpRequestInvalid for what cannot be, or may not."""
    from nexod.kernel.outgoing.request import prepared

    method = _method(arguments, settings)
    body = None
    if "json" in arguments:
        if method in SAFE:
            raise ArgumentsInvalid(f"A {method} request has no body.")
        body = ("json", arguments["json"])
    query, headers = arguments.get("query", {}), settings.get("headers", {})
    request = prepared(method, arguments["url"], query=query, headers=headers, body=body)
    _require_allowed(request.url, settings["hosts"])
    return request


def _method(arguments: Json, settings: Json) -> str:
    allowed = settings.get("methods") or ["GET"]
    return str(arguments.get("method", allowed[0]))


def _require_allowed(url: Any, hosts: Sequence[str]) -> None:
    """Raise ArgumentsInvalid for a host that is not on the list. A pattern without a port means the scheme's own."""
    port = url.port or _PORTS[url.scheme]
    for pattern in hosts:
        host, _, its_port = pattern.lower().partition(":")
        if port != int(its_port or _PORTS[url.scheme]):
            continue
        if url.host.lower() == host or (host.startswith("*.") and url.host.lower().endswith(host[1:])):
            return
    raise ArgumentsInvalid(f"{url.netloc.decode()} is not among the hosts that may be called: {', '.join(hosts)}.")
