"""Artifacts in the admin: read as a page with the sources they cite, or taken home as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET
from unfold.decorators import display

from nexod.admin import formats, tenant_site
from nexod.admin.actors import may, row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.kernel.errors import PermissionDenied
from workflows.admin.citations import sources_of
from workflows.models import Artifact

TEXTS = ("text/markdown", "text/plain")


@admin.register(Artifact, site=tenant_site)
class ArtifactAdmin(ReadOnlyAdmin):
    """Texts that runs published."""

    icon = "draft"
    empty_hint = "What runs publish, such as a briefing, is kept here."
    list_display = ("name_and_run", "media_type", "size", "made")
    list_display_links = ("name_and_run",)
    list_filter = ("media_type", "run__workflow")
    list_select_related = ("run",)
    search_fields = ("name", "run__title")
    search_help_text = "Name or run"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        """Leave out the texts themselves."""
        return (
            super()
            .get_queryset(request)
            .defer("content", "run__definition", "run__inputs", "run__outputs", "run__error")
        )

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the text and the passages that it cites."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        artifact = get_object_or_404(Artifact.objects.select_related("run", "step"), pk=row_id(object_id))
        page = {
            "title": artifact.name,
            "original": artifact,
            "opts": self.opts,
            "artifact": artifact,
            "readable": artifact.media_type in TEXTS,
            "sources": sources_of(artifact.run, artifact.content),
        }
        return tenant_site.render(request, "nexod/artifacts/page.html", page)

    @display(description="Artifact", ordering="name", header=True)
    def name_and_run(self, artifact: Artifact) -> list[str]:
        """Show the name over the run."""
        return [artifact.name, artifact.run.title]

    @display(description="Size", ordering="bytes")
    def size(self, artifact: Artifact) -> str:
        """Show how large it is."""
        return formats.size(artifact.bytes)

    @display(description="Made", ordering="created_at")
    def made(self, artifact: Artifact) -> str:
        """Show when it was made."""
        return formats.ago(artifact.created_at)


@tenant_site.page("workflows/artifact/<uuid:artifact_id>/download/", "artifact_download")
@require_GET
def download(request: HttpRequest, artifact_id: UUID) -> HttpResponse:
    """Hand out the raw text as a file; a browser never shows it as a page of ours."""
    if not may(request, "workflows.view_artifact"):
        raise PermissionDenied
    artifact = get_object_or_404(Artifact, pk=artifact_id)
    response = HttpResponse(artifact.content, content_type=f"{artifact.media_type}; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, artifact.name) or "attachment"
    response["Content-Security-Policy"] = "sandbox"
    return response
