"""``/workflows/{id}/export``, ``/workflows/import``, and what differs between versions: workflows as files."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer, EmptySerializer, JsonObjectField
from nexod.http.viewsets import ApiViewSet
from nexod.kernel.errors import InvalidInput
from tenants.accounts.api.callers import actor_of
from workflows.actions.imports import Imported, import_bundle
from workflows.actions.versions import restore_version, rollback_workflow, version_named
from workflows.api.versions import DraftSerializer, VersionDetailSerializer
from workflows.api.workflows import WorkflowDetailSerializer, workflow_in_detail
from workflows.definitions.changes import Change, changes
from workflows.models import Workflow
from workflows.portable.bundle import MAX_CHARACTERS, parsed, read, written
from workflows.portable.exporting import exported

FORMS = {"yaml": "application/yaml", "json": "application/json"}
VERSION = OpenApiParameter("version", str, description="draft, published or a number; published where there is one")
CHANGE = "workflows.change_workflow"


class ImportWorkflow(ClosedSerializer):
    """A workflow file, as text or as JSON, and what takes the place of what it needs."""

    text = serializers.CharField(
        required=False, max_length=MAX_CHARACTERS, trim_whitespace=False, help_text="YAML or JSON"
    )
    document = JsonObjectField(required=False)
    names = JsonObjectField(
        required=False, help_text='{"connection": {"theirs": "ours"}, "knowledge_base": {...}, ...}'
    )
    replace = serializers.BooleanField(default=False, help_text="Make what exists already what the file says")
    publish = serializers.BooleanField(default=False)
    confirm = serializers.BooleanField(default=False, help_text="Publish although others changed it or are editing it")


class BroughtSerializer(serializers.Serializer[Imported]):
    """What came of the file."""

    workflow = serializers.SerializerMethodField()
    created = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    kept = serializers.ListField(child=serializers.CharField())

    @staticmethod
    def get_workflow(imported: Imported) -> dict[str, Any]:
        """Return the workflow with its draft."""
        return dict(WorkflowDetailSerializer(workflow_in_detail(imported.workflow.pk)).data)


class Rollback(ClosedSerializer):
    """Which version new runs use again, and why."""

    version = serializers.IntegerField(min_value=1, help_text="Its number")
    note = serializers.CharField(max_length=400, allow_blank=True, default="")


class DifferenceSerializer(serializers.Serializer[Change]):
    """One difference between two definitions."""

    sort = serializers.ChoiceField(["added", "removed", "changed"])
    node = serializers.CharField(help_text="Empty: of the whole")
    field = serializers.CharField(help_text="Dotted; empty: the node itself")
    before = serializers.JSONField()
    after = serializers.JSONField()


class DifferencesSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = DifferenceSerializer(many=True)


class PortableViewSet(ApiViewSet):
    """What is done with whole versions of a workflow."""

    queryset = Workflow.objects.all()
    serializer_class = BroughtSerializer
    write_serializers = {"bring": ImportWorkflow, "rollback": Rollback, "restore": EmptySerializer}
    pagination_class = None
    filter_backends = []
    permissions_of = {
        "export": ["workflows.view_workflow"],
        "changes": ["workflows.view_workflow"],
        "bring": ["workflows.add_workflow"],
        "rollback": [CHANGE],
        "restore": [CHANGE],
    }

    @extend_schema(
        summary="Export a workflow",
        operation_id="workflow_export",
        parameters=[VERSION, OpenApiParameter("form", str, enum=list(FORMS), default="yaml")],
        responses={(200, media_type): OpenApiTypes.STR for media_type in FORMS.values()},
    )
    def export(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Return a file with the version, the agents and crews that it uses, and the names of what else it needs."""
        workflow = self.get_object()
        form = request.query_params.get("form", "yaml")
        if form not in FORMS:
            raise InvalidInput(details=[{"field": "form", "message": f"This is one of {', '.join(FORMS)}."}])
        usual = "published" if workflow.published_id else "draft"
        version = version_named(workflow, request.query_params.get("version") or usual)
        answer = HttpResponse(written(exported(workflow, version), form), content_type=f"{FORMS[form]}; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{workflow.slug}.{form}"'
        return answer

    @extend_schema(summary="Import a workflow", operation_id="workflow_import", responses={201: BroughtSerializer})
    def bring(self, request: Request) -> Response:
        """Create or change what the file brings; what it needs and is not here is named in the error, with what is."""
        given = self.validated()
        if ("text" in given) == ("document" in given):
            raise InvalidInput("Send the file as text or as document.")
        bundle = read(given["text"]) if "text" in given else parsed(given["document"])
        chosen = {
            "names": _names(given),
            "replace": given["replace"],
            "publish": given["publish"],
            "confirm": given["confirm"],
        }
        imported = import_bundle(actor=actor_of(request), bundle=bundle, **chosen)
        return Response(BroughtSerializer(imported).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Tell what differs between two versions",
        operation_id="workflow_changes",
        parameters=[
            OpenApiParameter("from", str, description="published, draft or a number", default="published"),
            OpenApiParameter("to", str, description="published, draft or a number", default="draft"),
        ],
        responses=DifferencesSerializer,
    )
    def changes(self, request: Request, **kwargs: Any) -> Response:
        """Return the differences by node and field; none when the two are the same."""
        workflow = self.get_object()
        before = version_named(workflow, request.query_params.get("from") or "published")
        after = version_named(workflow, request.query_params.get("to") or "draft")
        return Response(DifferencesSerializer({"results": changes(before.definition, after.definition)}).data)

    @extend_schema(
        summary="Use an earlier version again", operation_id="workflow_rollback", responses=VersionDetailSerializer
    )
    def rollback(self, request: Request, **kwargs: Any) -> Response:
        """Let new runs use that version; the draft stays as it is, and runs at work keep theirs."""
        workflow, given = self.get_object(), self.validated()
        version = rollback_workflow(
            actor=actor_of(request), workflow=workflow, number=given["version"], note=given["note"]
        )
        return Response(VersionDetailSerializer(version).data)

    @extend_schema(
        summary="Make a version the draft", operation_id="version_restore", request=None, responses=DraftSerializer
    )
    def restore(self, request: Request, number: int, **kwargs: Any) -> Response:
        """Make the version's definition the draft, checked as it is today."""
        draft = restore_version(actor=actor_of(request), workflow=self.get_object(), number=number)
        return Response(DraftSerializer(draft).data)


def _names(given: dict[str, Any]) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = given.get("names", {})
    sound = all(
        isinstance(found, dict) and all(isinstance(slug, str) for slug in found.values()) for found in names.values()
    )
    if not sound:
        raise InvalidInput(details=[{"field": "names", "message": 'This is {"kind": {"theirs": "ours"}}.'}])
    return names
