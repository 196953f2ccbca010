"""``/workflows``: write, check and publish definitions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.paths import path_to
from nexod.http.serializers import ClosedSerializer, JsonObjectField
from nexod.http.shapes import shown
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from nexod.kernel.errors import NotFound
from nexod.kernel.reads import Read
from tenants.accounts.api.callers import actor_of
from workflows.actions.gates import evaluate_and_publish, set_gate
from workflows.actions.versions import version_named
from workflows.actions.workflows import create_workflow, delete_workflow, publish_workflow, update_workflow
from workflows.api.evaluations import EvaluationDetailSerializer, evaluation_shown
from workflows.api.filters import WorkflowFilter
from workflows.api.gates import GateSerializer, SetGate
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
        return path_to("workflow-detail", workflow.pk)


class WorkflowDetailSerializer(WorkflowSerializer):
    """A workflow with the definitions of its draft and its published version. Read by ``workflow_in_detail``."""

    published = VersionDetailSerializer(read_only=True, allow_null=True)
    draft = serializers.SerializerMethodField()
    gate = serializers.SerializerMethodField(help_text="The cases that a draft has to pass to be published; null: none")

    class Meta(WorkflowSerializer.Meta):
        fields = [*WorkflowSerializer.Meta.fields, "draft", "gate"]
        read_only_fields = fields

    @extend_schema_field(DraftSerializer(allow_null=True))
    def get_draft(self, workflow: Any) -> Any:
        """Return the version that may still change."""
        return shown(DraftSerializer, workflow.drafts[0]) if workflow.drafts else None

    @extend_schema_field(GateSerializer(allow_null=True))
    def get_gate(self, workflow: Workflow) -> Any:
        """Return what publishing asks for."""
        return GateSerializer(workflow).data if workflow.gate_id else None


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
    base = serializers.CharField(
        max_length=64,
        required=False,
        help_text="`digest` of the draft that the definition was made from: what others changed since stays; 409 "
        "`draft_conflict` where they changed the same. Or the header If-Match. Without it the draft is replaced",
    )
    gate = SetGate(required=False, allow_null=True, help_text="What publishing asks for; null: nothing")


class Publish(ClosedSerializer):
    """What is said about the new version."""

    note = serializers.CharField(max_length=500, allow_blank=True, default="")
    digest = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="Of the draft that you saw; 409 `draft_changed` for another",
    )
    confirm = serializers.BooleanField(
        default=False, help_text="Although others changed the draft, or are editing it: else 409 `publish_unconfirmed`"
    )
    evaluate = serializers.BooleanField(
        default=False,
        help_text="Run the cases that the workflow asks for first, and publish this draft when they pass: 202",
    )


def workflow_in_detail(pk: UUID) -> Workflow:
    """Return the workflow with everything that WorkflowDetailSerializer shows; raise NotFound."""
    workflow = _workflow.first(pk)
    if workflow is None:
        raise NotFound
    workflow.drafts = _drafts.rows(pk)  # type: ignore[attr-defined]
    return workflow


_workflow = Read(
    lambda pk: Workflow.objects.select_related("published__author").filter(pk=pk).order_by(), Workflow._meta.pk
)
_drafts = Read(
    lambda workflow: WorkflowVersion.objects.filter(workflow=workflow, number=0).order_by(), Workflow._meta.pk
)


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
        rows = super().get_queryset()
        if self.action == "list":
            return rows.select_related("published__author").defer("published__definition")
        return rows

    def get_object(self) -> Workflow:
        """Return the workflow, with its definitions where nothing is done with it."""
        return workflow_in_detail(self.kwargs["pk"]) if self.action == "retrieve" else super().get_object()

    def get_serializer_class(self) -> type[WorkflowSerializer]:
        """Return the short form for lists."""
        return WorkflowSerializer if self.action == "list" else WorkflowDetailSerializer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: D102
        return tagged(super().retrieve(request, *args, **kwargs))

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
        actor, workflow = actor_of(request), self.get_object()
        if "definition" in fields and (match := request.headers.get("If-Match", "")) not in ("", "*"):
            fields.setdefault("base", match.removeprefix("W/").strip('"')[:64])
        with transaction.atomic():
            if "gate" in fields:
                set_gate(actor=actor, workflow=workflow, **(fields.pop("gate") or {"data_set": None}))
            return workflow_shown(update_workflow(actor=actor, workflow=workflow, **fields))

    @extend_schema(
        summary="Publish the draft", responses={201: VersionDetailSerializer, 202: EvaluationDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **kwargs: Any) -> Response:
        """Make the draft the next version, which new runs use; runs at work keep theirs.

        Where the workflow asks that cases pass, it is refused with 409: ``cases_not_evaluated``, or ``cases_failed`` with
        their names. Where others changed the draft since the last version, or are editing it now, with 409
        ``publish_unconfirmed`` and who it is, until ``confirm`` is sent.
        """
        actor, workflow, given = actor_of(request), self.get_object(), self.validated()
        given["only"] = given.pop("digest")
        if given.pop("evaluate"):
            begun = evaluate_and_publish(actor=actor, workflow=workflow, **given)
            return evaluation_shown(begun, status=status.HTTP_202_ACCEPTED)
        version = publish_workflow(actor=actor, workflow=workflow, **given)
        return Response(shown(VersionDetailSerializer, version), status=status.HTTP_201_CREATED)

    @extend_schema(summary="Check a definition", responses=ValidationSerializer)
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, **kwargs: Any) -> Response:
        """Tell every problem of the given definition, or of the draft; nothing is saved."""
        workflow = self.get_object()
        definition = self.validated().get("definition")
        if definition is None:
            definition = version_named(workflow, "draft").definition
        return Response(verdict(definition))


def workflow_shown(workflow: Workflow, **options: Any) -> Response:
    """Return the workflow as it stands now."""
    return tagged(Response(shown(WorkflowDetailSerializer, workflow_in_detail(workflow.pk)), **options))


def tagged(answer: Response) -> Response:
    """Return the answer with the draft's digest as its ETag, which If-Match takes when the draft is changed."""
    if answer.data.get("draft"):
        answer["ETag"] = f'"{answer.data["draft"]["digest"]}"'
    return answer
