"""Addresses of the app's API, to be included under /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from agents.api.agents import AgentViewSet
from agents.api.connections import ModelConnectionViewSet
from agents.api.crews import CrewViewSet
from agents.api.documents import DocumentViewSet
from agents.api.knowledge_bases import KnowledgeBaseViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("model-connections", ModelConnectionViewSet)
router.register("agents", AgentViewSet)
router.register("crews", CrewViewSet)
router.register("knowledge-bases", KnowledgeBaseViewSet)
router.register("documents", DocumentViewSet)

urlpatterns = router.urls
