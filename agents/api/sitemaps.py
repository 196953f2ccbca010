"""Sitemaps over the API, and how far the ingestion of a sitemap or a knowledge base is."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import sitemaps
from agents.api.document_bodies import NewSitemapSerializer, ProgressSerializer
from agents.api.failures import FailureSerializer
from agents.knowledge.progress import progress_of
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, KnowledgeBase, Sitemap
from nexod.http.serializers import Closed, EmptySerializer
from nexod.http.viewsets import ApiViewSet, CreateByAction, DestroyByAction, ReadViewSet


class SitemapSerializer(Closed, serializers.ModelSerializer[Sitemap]):
    """A sitemap whose pages are documents."""

    error = FailureSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Sitemap
        fields = (
            "id", "knowledge_base", "address", "visibility", "status", "error", "found", "left_out", "added_by", "read_at",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class SitemapViewSet(CreateByAction, DestroyByAction, ReadViewSet):
    """Sites that knowledge bases hold the pages of."""

    queryset = Sitemap.objects.all()
    serializer_class = SitemapSerializer
    filterset_fields = ("knowledge_base", "status")
    write_serializers = {"create": NewSitemapSerializer, "refresh": EmptySerializer}
    permissions_of: ClassVar = {"refresh": ["agents.change_sitemap"], "progress": ["agents.view_sitemap"]}
    create_action = staticmethod(sitemaps.add_sitemap)
    destroy_action = staticmethod(sitemaps.delete_sitemap)

    @extend_schema(summary="Read a sitemap again", responses={202: SitemapSerializer})
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, **kwargs: Any) -> Response:
        """Look for new pages, and ask for every known one whether it has changed."""
        actor: Any = request.user
        row = sitemaps.refresh_sitemap(actor=actor, sitemap=self.get_object())
        return self.shown(row, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Say how far the pages of a sitemap are", responses=ProgressSerializer)
    @action(detail=True, filterset_fields=())
    def progress(self, request: Request, **kwargs: Any) -> Response:
        """Count the pages by state, and say how fast it goes."""
        return Response(_progress(request, sitemap=self.get_object()))


class KnowledgeBaseProgressView(ApiViewSet):
    """How far the documents of a knowledge base are."""

    queryset = KnowledgeBase.objects.all()
    serializer_class = ProgressSerializer
    filter_backends = []
    permissions_of: ClassVar = {"retrieve": ["agents.view_knowledgebase", "agents.view_document"]}

    @extend_schema(summary="Say how far the documents of a knowledge base are", responses=ProgressSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Count the documents by state, and say how fast it goes."""
        return Response(_progress(request, knowledge_base=self.get_object()))


def _progress(request: Request, **where: Any) -> dict[str, Any]:
    actor: Any = request.user
    return progress_of(readable_by(reader_of(actor), Document.objects.filter(**where))).as_dict()
