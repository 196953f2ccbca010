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
    "post agents/<uuid:pk>/save": EMPTY,
    "post agents/<uuid:pk>/discard": EMPTY,
    "post crews/<uuid:pk>/save": EMPTY,
    "post crews/<uuid:pk>/discard": EMPTY,
    "post knowledge-bases/<uuid:pk>/save": EMPTY,
    "post knowledge-bases/<uuid:pk>/discard": EMPTY,
    "post agents/<uuid:agent_id>/versions/<int:number>/restore": EMPTY,
    "post agents/<uuid:pk>/runs": lambda content: {"inputs": {"task": "Hi"}},
    "post groups": lambda content: {"name": f"New {content.group.name}", "members": [content.user.email]},
    "patch groups/<str:group>": EMPTY,
    "post api-keys": lambda content: {"name": "ci", "scopes": ["read"]},
    "post absences": lambda content: {
        "user": content.absence.stand_in.email, "stand_in": content.user.email, "from_at": "2040-01-01T00:00:00Z",
    },
    "patch absences/<uuid:pk>": EMPTY,
    "post approvals/<uuid:pk>/decide": lambda content: {"decision": "approve"},
    "post approvals/<uuid:pk>/claim": EMPTY,
    "post approvals/<uuid:pk>/release": EMPTY,
    "post approvals/<uuid:pk>/reassign": lambda content: {"to": content.absence.stand_in.email},
    "post budgets": lambda content: {
        "name": f"New {content.budget.name}", "scope": "agent", "whom": content.agent.slug, "period": "day", "limit": 5,
    },
    "patch budgets/<uuid:pk>": EMPTY,
    "patch business-hours": EMPTY,
    "post comments": lambda content: {
        "subject": {"kind": "workflow", "id": str(content.workflow.pk)}, "text": f"About {content.workflow.name}",
    },
    "post comments/<uuid:pk>/replies": lambda content: {"text": "So?"},
    "post comments/<uuid:pk>/resolve": EMPTY,
    "post comments/<uuid:pk>/reopen": EMPTY,
    "post comments/<uuid:pk>/seen": EMPTY,
    "patch comments/<uuid:thread_id>/replies/<uuid:pk>": lambda content: {"text": "Therefore."},
    "post comments/<uuid:thread_id>/replies/<uuid:pk>/reactions": lambda content: {"sign": "👀"},
    "post cases": lambda content: {"data_set": str(content.data_set.pk), "name": f"New {content.case.name}"},
    "patch cases/<uuid:pk>": EMPTY,
    "post memories": lambda content: {"text": f"New {content.memory.text}", "topic": "new"},
    "patch memories/<uuid:pk>": EMPTY,
    "post cases/<uuid:pk>/runs": lambda content: {"version": "1"},
    "post data-sets": lambda content: {"name": f"New {content.data_set.name}", "workflow": str(content.workflow.pk)},
    "patch data-sets/<uuid:pk>": EMPTY,
    "post data-sets/<uuid:pk>/import": lambda content: {"text": '{"name": "imported", "inputs": {"name": "Bea"}}'},
    "post evaluations": lambda content: {"data_set": str(content.data_set.pk)},
    "post evaluations/<uuid:pk>/cancel": EMPTY,
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
    "patch documents/<uuid:pk>": EMPTY,
    "post documents/<uuid:pk>/retry": EMPTY,
    "post documents/<uuid:pk>/refresh": EMPTY,
    "post documents/retry": EMPTY,
    "post documents/texts": lambda content: {
        "knowledge_base": str(content.knowledge_base.pk), "title": "Text", "text": f"About {content.document.name}.",
    },
    "post documents/addresses": lambda content: {
        "knowledge_base": str(content.knowledge_base.pk), "addresses": ["https://93.184.216.34/page"],
    },
    "post sitemaps": lambda content: {
        "knowledge_base": str(content.knowledge_base.pk), "address": "https://93.184.216.34/sitemap.xml",
    },
    "post sitemaps/<uuid:pk>/refresh": EMPTY,
    "post knowledge-bases": lambda content: {"name": f"New {content.knowledge_base.name}"},
    "patch knowledge-bases/<uuid:pk>": EMPTY,
    "post knowledge-bases/<uuid:pk>/search": lambda content: {"query": "Hi"},
    "post knowledge-bases/<uuid:pk>/vectors": lambda content: {"half": True},
    "post documents/<uuid:pk>/readers": lambda content: {"visibility": "restricted", "readers": [str(content.user.pk)]},
    "post credentials": lambda content: {
        "name": f"New {content.credential.name}", "hosts": ["api.example.com"], "secret": "s3cr3t-of-somebody",
    },
    "patch credentials/<uuid:pk>": EMPTY,
    "post credentials/<uuid:pk>/rotate": lambda content: {"secret": "another-s3cr3t"},
    "post credentials/<uuid:pk>/test": lambda content: {"url": "https://api.example.com/"},
    "post vector-stores": lambda content: {"name": f"New {content.store.name}", "address": "https://x.pinecone.io"},
    "patch vector-stores/<uuid:pk>": EMPTY,
    "post model-connections": lambda content: {
        "name": f"New {content.connection.name}", "base_url": "https://api.openai.com/v1", "api_key": "sk", "model_names": ["m"],
    },
    "patch model-connections/<uuid:pk>": EMPTY,
    "post model-connections/<uuid:pk>/test": EMPTY,
    "post notifications/<uuid:pk>/read": EMPTY,
    "post notifications/read": EMPTY,
    "patch notifications/preferences": EMPTY,
    "post runs/<uuid:pk>/cancel": EMPTY,
    "post runs/<uuid:pk>/case": EMPTY,
    "post runs/<uuid:pk>/pause": EMPTY,
    "post runs/<uuid:pk>/resume": EMPTY,
    "post runs/<uuid:pk>/retry": EMPTY,
    "post starters/<slug:slug>/install": lambda content: {"knowledge_base": str(content.knowledge_base.pk)},
    "post triggers": lambda content: {
        "name": f"New {content.trigger.name}", "workflow": content.workflow.slug, "kind": "schedule",
        "config": {"cron": "0 7 * * *"}, "inputs": {"name": {"value": "Ann"}},
    },
    "patch triggers/<uuid:pk>": EMPTY,
    "post triggers/<uuid:pk>/fire": lambda content: {"event": {"body": {"name": "Ann"}}},
    "post triggers/<uuid:pk>/pause": EMPTY,
    "post triggers/<uuid:pk>/resume": EMPTY,
    "post triggers/<uuid:pk>/rotate-secret": EMPTY,
    "post webhook-endpoints": lambda content: {
        "name": f"New {content.endpoint.name}", "url": "https://93.184.216.34/hook", "events": ["run.completed"],
    },
    "patch webhook-endpoints/<uuid:pk>": EMPTY,
    "post webhook-endpoints/<uuid:pk>/ping": EMPTY,
    "post webhook-endpoints/<uuid:pk>/rotate-secret": EMPTY,
    "post deliveries/<uuid:pk>/redeliver": EMPTY,
    "post users": lambda content: {"email": f"new-{content.agent.slug}@acme.test", "role": "viewer"},
    "patch users/<uuid:pk>": EMPTY,
    "post workflows": lambda content: {"name": f"New {content.workflow.name}", "definition": GREETING},
    "patch workflows/<uuid:pk>": EMPTY,
    "post workflows/<uuid:pk>/publish": EMPTY,
    "post workflows/<uuid:workflow_id>/states": lambda content: {"name": f"Kept of {content.workflow.name}"},
    "post workflows/<uuid:workflow_id>/states/<uuid:pk>/restore": EMPTY,
    "post workflows/<uuid:pk>/rollback": lambda content: {"version": content.version.number},
    "post workflows/<uuid:pk>/versions/<int:number>/restore": EMPTY,
    "post workflows/import": lambda content: {"document": {"workflow": {
        "slug": f"brought-{content.workflow.slug}", "name": "Brought", "definition": GREETING,
    }}},
    "post workflows/<uuid:pk>/runs": lambda content: {"inputs": {"name": "Ann"}},
    "post workflows/<uuid:pk>/try": lambda content: {"inputs": {"name": "Ann"}},
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
