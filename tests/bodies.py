"""For every address of the API that writes: a body that it takes, made of somebody's rows. A new address must be put in here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.serializers import BaseSerializer

from tests.content import GREETING, Content
from tests.routes import Route, routes

Json = dict[str, Any]
WRITES = [route for route in routes() if route.method in ("post", "patch", "put")]
EMPTY: Callable[[Content], Json] = lambda content: {}  # noqa: E731
BODIES: dict[str, Callable[[Content], Json]] = {
    "post agents": lambda content: {"name": f"New {content.agent.name}", "role": "r", "goal": "g"},
    "patch agents/<uuid:pk>": EMPTY,
    "post agents/<uuid:pk>/runs": lambda content: {"inputs": {"task": "Hi"}},
    "post api-keys": lambda content: {"name": "ci", "scopes": ["read"]},
    "post approvals/<uuid:pk>/decide": lambda content: {"decision": "approve"},
    "post crews": lambda content: {
        "name": f"New {content.crew.name}",
        "tasks": [{"slug": "one", "description": "d", "expected_output": "e", "agent": content.agent.slug}],
    },
    "patch crews/<uuid:pk>": EMPTY,
    "post crews/<uuid:pk>/runs": EMPTY,
    "post documents": lambda content: {
        "knowledge_base": str(content.knowledge_base.pk),
        "file": SimpleUploadedFile("a.md", f"# {content.document.name}".encode()),
    },
    "post documents/<uuid:pk>/retry": EMPTY,
    "post knowledge-bases": lambda content: {"name": f"New {content.knowledge_base.name}"},
    "patch knowledge-bases/<uuid:pk>": EMPTY,
    "post knowledge-bases/<uuid:pk>/search": lambda content: {"query": "Hi"},
    "post model-connections": lambda content: {
        "name": f"New {content.connection.name}", "base_url": "https://api.openai.com/v1", "api_key": "sk", "model_names": ["m"],
    },
    "patch model-connections/<uuid:pk>": EMPTY,
    "post notifications/<uuid:pk>/read": EMPTY,
    "post notifications/read": EMPTY,
    "post runs/<uuid:pk>/cancel": EMPTY,
    "post runs/<uuid:pk>/pause": EMPTY,
    "post runs/<uuid:pk>/resume": EMPTY,
    "post runs/<uuid:pk>/retry": EMPTY,
    "post starters/<slug:slug>/install": lambda content: {"knowledge_base": str(content.knowledge_base.pk)},
    "post users": lambda content: {"email": f"new-{content.agent.slug}@acme.test", "role": "viewer"},
    "patch users/<uuid:pk>": EMPTY,
    "post workflows": lambda content: {"name": f"New {content.workflow.name}", "definition": GREETING},
    "patch workflows/<uuid:pk>": EMPTY,
    "post workflows/<uuid:pk>/publish": EMPTY,
    "post workflows/<uuid:pk>/runs": lambda content: {"inputs": {"name": "Ann"}},
    "post workflows/<uuid:pk>/validate": lambda content: {"definition": GREETING},
}  # fmt: skip


def send(program: Any, route: Route, content: Content, more: Json | None = None) -> Any:
    """Ask with the body that the route takes, and ``more``; files go as browsers send them."""
    body = {**BODIES[str(route)](content), **(more or {})} if str(route) in BODIES else more
    if str(route) == "post documents":
        flat = {name: value for name, value in (body or {}).items() if value is not None}
        return program.client.post("/api/v1/documents", flat)
    return program(route.method, route.of(content), body)


def writer(route: Route) -> BaseSerializer[Any]:
    """Return the serializer of the route's body."""
    from agents.api.documents import UploadSerializer
    from agents.api.knowledge_bases import QuestionSerializer

    named: dict[str, type[BaseSerializer[Any]]] = {
        "post documents": UploadSerializer,
        "post knowledge-bases/<uuid:pk>/search": QuestionSerializer,
    }
    if str(route) in named:
        return named[str(route)]()
    view = route.view()
    view.action, view.request, view.format_kwarg = route.action, None, None
    return view.get_write_serializer_class()()  # type: ignore[no-any-return]
