"""Every address of the REST API, found by walking the URL configuration, with somebody's ids put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver

from tests.content import Content

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
PUBLIC = "schema"
# A resource that is missing here fails the tests that walk over it: say whose row its id is.
ROWS = {
    "users": "user",
    "api-keys": "api_key",
    "model-connections": "connection",
    "knowledge-bases": "knowledge_base",
    "documents": "document",
    "vector-stores": "store",
    "credentials": "credential",
    "sitemaps": "sitemap",
    "agents": "agent",
    "crews": "crew",
    "budgets": "budget",
    "memories": "memory",
    "model-calls": "model_call",
    "tool-permissions": "tool_permission",
    "workflows": "workflow",
    "runs": "run",
    "approvals": "approval",
    "absences": "absence",
    "artifacts": "artifact",
    "notifications": "notification",
    "triggers": "trigger",
    "firings": "firing",
    "webhook-endpoints": "endpoint",
    "deliveries": "delivery",
    "comments": "thread",
    "comments/replies": "comment",
    "workflows/states": "state",
    "runs/steps": "step",
    "data-sets": "data_set",
    "cases": "case",
    "evaluations": "evaluation",
    "evaluations/trials": "trial",
}


ASKED = ("search", "memories/search")


@dataclass(frozen=True, slots=True)
class Route:
    """An address as it stands in the URL configuration, and one of the methods that it answers."""

    method: str
    pattern: str
    view: Any = field(default=None, compare=False, repr=False)
    action: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.pattern}"

    @property
    def names_a_row(self) -> bool:
        """Say whether the path holds an id."""
        return "<uuid:" in self.pattern or "<str:group>" in self.pattern

    @property
    def is_safe(self) -> bool:
        """Say whether asking changes nothing."""
        return self.method == "get"

    def of(self, content: Content) -> str:
        """Return the path with the ids of ``content``, and the question where one has to be asked."""
        path = PARAMETER.sub(lambda found: str(_id(self.pattern, found[1], content)), self.pattern)
        return f"{path}?q=tides" if self.pattern in ASKED else path


def _id(pattern: str, name: str, content: Content) -> Any:
    if name == "group":
        return content.group.name
    if name in ("number", "slug"):
        return {"number": content.version.number, "slug": "briefing"}[name]
    fixed = [part for part in pattern.split(f"<uuid:{name}>")[0].split("/") if part and not part.startswith("<")]
    return getattr(content, ROWS["/".join(fixed)]).pk


def routes() -> list[Route]:
    """Return every address of the API with every method, sorted."""
    from nexod import api

    return sorted(_walk(api.urlpatterns), key=lambda route: (route.pattern, route.method))


def _walk(patterns: list[URLPattern | URLResolver]) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns)
        else:
            view = getattr(pattern.callback, "cls", None)
            for method, action in _methods(pattern.callback).items():
                yield Route(method, str(pattern.pattern), view, action)


def _methods(view: Callable[..., Any]) -> dict[str, str]:
    """Return the name of the view's method for each HTTP method."""
    if hasattr(view, "actions"):
        return {method: action for method, action in view.actions.items() if method != "head"}
    view_class = getattr(view, "cls", None)
    if view_class is None:
        return {"get": ""}
    return {method: method for method in ("get", "post", "put", "patch", "delete") if hasattr(view_class, method)}
