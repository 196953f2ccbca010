"""``/workflows``: write, check and publish definitions."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer, JsonObjectField
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from tenants.accounts.api.callers import actor_of
from workflows.actions.workflows import create_workflow, delete_workflow, publish_workflow, update_workflow
from workflows.api.filters import WorkflowFilter
from workflows.api.validation import ValidateDefinition, ValidationSerializer, verdict
from workflows.api.versions import DraftSerializer, VersionDetailSerializer, VersionSerializer
from workflows.models import Workflow, WorkflowVersion


class WorkflowSerializer(serializers.ModelSerializer[Workflow]):
    """A workflow without its documents."""

    published = VersionSerializer(read_only=True, allow_null=True, help_text="What runs use; null before the first")
    url = serializers.SerializerMethodField(help_text="Its path on this host")

    class Meta:
        model = Workflow
        fields = [
            "id", "slug", "name", "description", "starter", "published", "created_at", "updated_at", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, workflow: Workflow) -> str:
        """Return where the workflow is: a path on this host."""
        return reverse("workflow-detail", kwargs={"pk": workflow.pk})


class WorkflowDetailSerializer(WorkflowSerializer):
    """A workflow with the definitions of its draft and its published version. Read through ``workflows_in_detail``."""

    published = VersionDetailSerializer(read_only=True, allow_null=True)
    draft = serializers.SerializerMethodField()

    class Meta(WorkflowSerializer.Meta):
        fields = [*WorkflowSerializer.Meta.fields, "draft"]
        read_only_fields = fields

    @extend_schema_field(DraftSerializer(allow_null=True))
    def get_draft(self, workflow: Any) -> Any:
        """Return the version that may still change."""
        return DraftSerializer(workflow.drafts[0]).data if workflow.drafts else None


class CreateWorkflow(ClosedSerializer):
    """A new workflow with its first draft."""

    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=60, required=False, help_text="Absent: made from the name")
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    definition = JsonObjectField(help_text="See /definition-schema")


class UpdateWorkflow(ClosedSerializer):
    """What may change; a definition becomes the draft."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    definition = JsonObjectField(required=False)


class Publish(ClosedSerializer):
    """What is said about the new version."""

    note = serializers.CharField(max_length=500, allow_blank=True, default="")


def workflows_in_detail() -> QuerySet[Workflow]:
    """Return workflows with everything that WorkflowDetailSerializer shows, in two queries."""
    drafts = Prefetch("versions", WorkflowVersion.objects.filter(number=0), to_attr="drafts")
    return Workflow.objects.select_related("published__author").prefetch_related(drafts)


@extend_schema_view(
    list=extend_schema(summary="List workflows"),
    retrieve=extend_schema(summary="Get a workflow with its draft and its published definition"),
)
class WorkflowViewSet(DestroyByAction, ReadViewSet):
    """Definitions are validated when they are saved; a refusal names each node and field."""

    queryset = Workflow.objects.all()
    filterset_class = WorkflowFilter
    write_serializers = {
        "create": CreateWorkflow,
        "partial_update": UpdateWorkflow,
        "publish": Publish,
        "validate": ValidateDefinition,
    }
    permissions_of = {"publish": ["workflows.change_workflow"], "validate": ["workflows.view_workflow"]}
    scope_of = {"validate": "read"}
    destroy_action = staticmethod(delete_workflow)

    def get_queryset(self) -> QuerySet[Workflow]:
        """Return no more of the rows than the action shows."""
        if self.action == "retrieve":
            return workflows_in_detail()
        rows = super().get_queryset()
        if self.action == "list":
            return rows.select_related("published__author").defer("published__definition")
        return rows

    def get_serializer_class(self) -> type[WorkflowSerializer]:
        """Return the short form for lists."""
        return WorkflowSerializer if self.action == "list" else WorkflowDetailSerializer

    @extend_schema(summary="Create a workflow", responses={201: WorkflowDetailSerializer})
    def create(self, request: Request) -> Response:
        """Create a workflow with a draft; it can run once it is published."""
        return workflow_shown(
            create_workflow(actor=actor_of(request), **self.validated()), status=status.HTTP_201_CREATED
        )

    @extend_schema(summary="Change a workflow or its draft", responses=WorkflowDetailSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given; the published version stays as it is."""
        fields = self.validated(partial=True)
        return workflow_shown(update_workflow(actor=actor_of(request), workflow=self.get_object(), **fields))

    @extend_schema(summary="Publish the draft", responses={201: VersionDetailSerializer})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **kwargs: Any) -> Response:
        """Make the draft the next version, which new runs use; runs at work keep theirs."""
        version = publish_workflow(actor=actor_of(request), workflow=self.get_object(), **self.validated())
        return Response(VersionDetailSerializer(version).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Check a definition", responses=ValidationSerializer)
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, **kwargs: Any) -> Response:
        """Tell every problem of the given definition, or of the draft; nothing is saved."""
        workflow = self.get_object()
        definition = self.validated().get("definition")
        if definition is None:
            definition = workflow.versions.get(number=0).definition
        return Response(verdict(definition))


def workflow_shown(workflow: Workflow, **options: Any) -> Response:
    """Return the workflow as it stands now."""
    return Response(WorkflowDetailSerializer(workflows_in_detail().get(pk=workflow.pk)).data, **options)
