"""Addresses of the app's API, to be included under /api/v1/."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from agents.api.agent_versions import AgentVersionViewSet
from agents.api.agents import AgentViewSet
from agents.api.budgets import BudgetViewSet
from agents.api.connections import ModelConnectionViewSet
from agents.api.credentials import CredentialViewSet
from agents.api.crews import CrewViewSet
from agents.api.documents import DocumentViewSet
from agents.api.knowledge_bases import KnowledgeBaseViewSet
from agents.api.memories import MemoryViewSet
from agents.api.model_calls import ModelCallViewSet
from agents.api.sitemaps import KnowledgeBaseProgressView, SitemapViewSet
from agents.api.stores import StoreConnectionViewSet
from agents.api.tool_permissions import ToolPermissionViewSet
from agents.api.tools import ToolsView
from agents.api.usage import SpendingView

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("model-connections", ModelConnectionViewSet)
router.register("credentials", CredentialViewSet)
router.register("agents", AgentViewSet)
router.register("crews", CrewViewSet)
router.register("knowledge-bases", KnowledgeBaseViewSet)
router.register("documents", DocumentViewSet)
router.register("vector-stores", StoreConnectionViewSet)
router.register("sitemaps", SitemapViewSet)
router.register("budgets", BudgetViewSet)
router.register("memories", MemoryViewSet)
router.register("model-calls", ModelCallViewSet)
router.register("tool-permissions", ToolPermissionViewSet)

versions, named = "agents/<uuid:agent_id>/versions", {"basename": "agent-version"}


def _version(at: str, name: str, **methods: Any) -> Any:
    return path(f"{versions}{at}", AgentVersionViewSet.as_view(methods, **named), name=f"agent-version-{name}")


urlpatterns = [
    *router.urls,
    _version("", "list", get="list"),
    _version("/<int:number>", "detail", get="retrieve"),
    _version("/<int:number>/changes", "changes", get="changes"),
    _version("/<int:number>/restore", "restore", post="restore"),
    path(
        "knowledge-bases/<uuid:pk>/progress",
        KnowledgeBaseProgressView.as_view({"get": "retrieve"}),
        name="knowledge-base-progress",
    ),
    path("tools", ToolsView.as_view(), name="tools"),
    path("usage", SpendingView.as_view(), name="usage"),
]
