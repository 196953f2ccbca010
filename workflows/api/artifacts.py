"""``/artifacts``: what runs made."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from nexod.http.paths import path_to
from nexod.http.viewsets import ReadViewSet
from workflows.api.filters import ArtifactFilter
from workflows.models import Artifact

MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+\Z")


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    """An artifact, without its content."""

    node = serializers.CharField(source="step.node", read_only=True)
    content_url = serializers.SerializerMethodField(help_text="A path on this host")

    class Meta:
        model = Artifact
        fields = ["id", "run", "step", "node", "name", "media_type", "bytes", "created_at", "content_url"]
        read_only_fields = fields

    def get_content_url(self, artifact: Artifact) -> str:
        """Return where the content is: a path on this host."""
        return path_to("artifact-content", artifact.pk)


@extend_schema_view(list=extend_schema(summary="List artifacts"), retrieve=extend_schema(summary="Get an artifact"))
class ArtifactViewSet(ReadViewSet):
    """Texts that runs published."""

    queryset = Artifact.objects.select_related("step").defer("step__inputs", "step__output", "step__error")
    serializer_class = ArtifactSerializer
    filterset_class = ArtifactFilter

    def get_queryset(self) -> QuerySet[Artifact]:
        """Return the content only where it is downloaded."""
        rows: QuerySet[Artifact] = super().get_queryset()
        return rows if self.action == "content" else rows.defer("content")

    @extend_schema(summary="Download an artifact", responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=True)
    def content(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Return the content itself, as an attachment that no browser may guess about or run."""
        artifact = self.get_object()
        known = MEDIA_TYPE.match(artifact.media_type)
        media_type = f"{artifact.media_type}; charset=utf-8" if known else "application/octet-stream"
        response = HttpResponse(artifact.content.encode(), content_type=media_type)
        response["Content-Disposition"] = content_disposition_header(True, artifact.name) or "attachment"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response
