"""``/workflows/{id}/history`` and ``/workflows/{id}/states``: who changed the draft, and states of it to go back to."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer, EmptySerializer
from nexod.http.viewsets import ReadViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer
from workflows.actions.drafts.confirming import Facts, facts_of
from workflows.actions.drafts.states import forget_state, name_state, restore_state
from workflows.api.fields import StoredObject
from workflows.api.versions import DraftSerializer
from workflows.drafts.port import shared
from workflows.drafts.sentences import sentences
from workflows.models import DraftEdit, DraftSnapshot, Workflow

VIEW, CHANGE = ["workflows.view_workflow"], ["workflows.change_workflow"]


class DraftChangeSerializer(serializers.Serializer[Any]):
    """One difference that somebody made."""

    sort = serializers.ChoiceField(["added", "removed", "changed", "renamed"])
    node = serializers.CharField(help_text="Empty: of the whole")
    title = serializers.CharField(help_text="What the node is called")
    field = serializers.CharField(help_text="Dotted; empty: the node itself")
    before = serializers.JSONField()
    after = serializers.JSONField()


class DraftEditSerializer(serializers.ModelSerializer[DraftEdit]):
    """What one person changed in one stretch of work."""

    author = PersonSerializer(read_only=True, allow_null=True)
    sentences = serializers.SerializerMethodField(help_text="The same for people: changed the prompt of “Draft”")
    changes = DraftChangeSerializer(many=True, read_only=True)
    published = serializers.BooleanField(source="closed", help_text="It is in a version")

    class Meta:
        model = DraftEdit
        fields = ["id", "author", "source", "note", "sentences", "changes", "published", "created_at", "ended_at"]
        read_only_fields = fields

    def get_sentences(self, edit: DraftEdit) -> list[str]:
        """Return it in words."""
        return sentences(edit.changes)


class StateSerializer(serializers.ModelSerializer[DraftSnapshot]):
    """A state of the draft that is kept, without its definition."""

    author = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = DraftSnapshot
        fields = ["id", "kind", "name", "author", "digest", "created_at"]
        read_only_fields = fields


class StateDetailSerializer(StateSerializer):
    """A state with its definition."""

    definition = StoredObject()

    class Meta(StateSerializer.Meta):
        fields = [*StateSerializer.Meta.fields, "definition"]
        read_only_fields = fields


class NameState(ClosedSerializer):
    """What the present state of the draft is called."""

    name = serializers.CharField(max_length=120)


class ContributionSerializer(serializers.Serializer[Any]):
    """What one person changed since the last version."""

    id = serializers.CharField(help_text="Of the user; empty: somebody who is gone")
    name = serializers.CharField()
    ended_at = serializers.DateTimeField()
    sentences = serializers.ListField(child=serializers.CharField())


class EditingSerializer(serializers.Serializer[Any]):
    """Who has the draft open now and may write in it."""

    id = serializers.CharField()
    name = serializers.CharField()


class UnpublishedSerializer(serializers.Serializer[Facts]):
    """What a publisher should know."""

    changed = ContributionSerializer(many=True)
    editing = EditingSerializer(many=True)


class OfWorkflow:
    """Rows of one workflow."""

    def get_queryset(self: Any) -> QuerySet[Any]:
        """Return the workflow's; raises Http404 without it."""
        rows: QuerySet[Any] = super().get_queryset()  # type: ignore[misc]
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(workflow=self.workflow())

    def workflow(self: Any) -> Workflow:
        """Return the workflow that the path names."""
        return get_object_or_404(Workflow.objects.only("id", "name"), pk=self.kwargs["workflow_id"])


@extend_schema_view(list=extend_schema(summary="Tell who changed the draft", operation_id="draft_history"))
class HistoryViewSet(OfWorkflow, ReadViewSet):
    """Newest first; what is older than a year is forgotten."""

    queryset = DraftEdit.objects.select_related("author")
    serializer_class = DraftEditSerializer
    filter_backends = []
    permissions_of = {"list": VIEW, "unpublished": VIEW}

    def workflow(self) -> Workflow:
        """Return the workflow, when its history has what its editors wrote until now."""
        found = super().workflow()
        shared().catch_up(found.pk)
        return found

    @extend_schema(
        summary="Tell what is not published yet", operation_id="draft_unpublished", responses=UnpublishedSerializer
    )
    def unpublished(self, request: Request, **kwargs: Any) -> Response:
        """Tell who changed what since the last version, and who is editing now."""
        return Response(UnpublishedSerializer(facts_of(self.workflow())).data)


@extend_schema_view(
    list=extend_schema(summary="List the states of a draft that are kept", operation_id="draft_states"),
    retrieve=extend_schema(summary="Get a state of a draft", operation_id="draft_state"),
    destroy=extend_schema(summary="Keep a state no longer", operation_id="draft_state_forget"),
)
class StateViewSet(OfWorkflow, ReadViewSet):
    """Taken now and then, before a draft is replaced, and by name. Those with a name are kept, the others for 90 days."""

    queryset = DraftSnapshot.objects.select_related("author")
    filter_backends = []
    write_serializers = {"create": NameState, "restore": EmptySerializer}
    permissions_of = {
        "list": VIEW, "retrieve": VIEW, "create": CHANGE, "restore": CHANGE, "destroy": CHANGE,
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Any]:
        """Return no more of the rows than the action shows."""
        rows = super().get_queryset()
        return rows.defer("definition") if self.action == "list" else rows

    def get_serializer_class(self) -> type[StateSerializer]:
        """Return the short form for lists."""
        return StateDetailSerializer if self.action == "retrieve" else StateSerializer

    @extend_schema(summary="Name the present state", operation_id="draft_state_name", responses={201: StateSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Keep the draft as it is now, for as long as the workflow is there."""
        row = name_state(actor=actor_of(request), workflow=self.workflow(), **self.validated())
        return self.shown(row, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Go back to a state", operation_id="draft_state_restore", request=None, responses=DraftSerializer
    )
    def restore(self, request: Request, **kwargs: Any) -> Response:
        """Make it the draft, for everybody who edits it, too; the state before is kept."""
        draft = restore_state(actor=actor_of(request), workflow=self.workflow(), snapshot=self.get_object())
        return Response(DraftSerializer(draft).data)

    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Keep it no longer."""
        forget_state(actor=actor_of(request), workflow=self.workflow(), snapshot=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
