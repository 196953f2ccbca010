"""``/workflows/{id}/versions``: what was published, newest first."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from nexod.http.viewsets import ReadViewSet
from tenants.accounts.api.serializers import PersonSerializer
from workflows.api.fields import StoredObject
from workflows.drafts.states import remember
from workflows.models import Workflow, WorkflowVersion


class ContributorSerializer(serializers.Serializer[Any]):
    """Somebody who had a part in it, called as they were then."""

    id = serializers.CharField()
    name = serializers.CharField()


class VersionSerializer(serializers.ModelSerializer[WorkflowVersion]):
    """A published version, without its definition."""

    author = PersonSerializer(read_only=True, allow_null=True)
    contributors = ContributorSerializer(
        many=True, read_only=True, help_text="Who changed the draft since the one before"
    )

    class Meta:
        model = WorkflowVersion
        fields = ["id", "number", "note", "author", "contributors", "published_at", "created_at"]
        read_only_fields = fields


class VersionDetailSerializer(VersionSerializer):
    """A published version with its definition."""

    definition = StoredObject()

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "definition"]
        read_only_fields = fields


class DraftSerializer(serializers.ModelSerializer[WorkflowVersion]):
    """The version that may still change."""

    definition = StoredObject()
    digest = serializers.SerializerMethodField(
        help_text="Known as this: `base` of a change, `digest` of what is published"
    )

    class Meta:
        model = WorkflowVersion
        fields = ["id", "definition", "digest", "updated_at"]
        read_only_fields = fields

    def get_digest(self, draft: WorkflowVersion) -> str:
        """Return the hash of the definition, whose state is remembered for a day."""
        return remember(draft.workflow_id, draft.definition)


@extend_schema_view(
    list=extend_schema(summary="List the published versions of a workflow"),
    retrieve=extend_schema(summary="Get a published version with its definition"),
)
class VersionViewSet(ReadViewSet):
    """A version belongs to its workflow and is known by its number."""

    queryset = WorkflowVersion.objects.filter(number__gt=0).select_related("author")
    filter_backends = []
    lookup_field = "number"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the workflow's versions; raises Http404 without the workflow."""
        versions = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return versions
        workflow = get_object_or_404(Workflow.objects.only("id"), pk=self.kwargs["workflow_id"])
        versions = versions.filter(workflow=workflow)
        return versions.defer("definition") if self.action == "list" else versions

    def get_serializer_class(self) -> type[VersionSerializer]:
        """Return the short form for lists."""
        return VersionSerializer if self.action == "list" else VersionDetailSerializer
