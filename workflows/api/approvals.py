"""``/approvals``: what waits for a person, and the decision."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ReadViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer
from workflows.actions.approvals import decide_approval
from workflows.api.fields import OptionalChoice
from workflows.api.filters import ApprovalFilter
from workflows.models import Approval

CONTENT_LIMIT = 200_000
OF_OTHERS = (
    "run__definition",
    "run__inputs",
    "run__outputs",
    "run__error",
    "step__inputs",
    "step__output",
    "step__error",
)


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """A question, without what it is about."""

    run_title = serializers.CharField(source="run.title", read_only=True)
    node = serializers.CharField(source="step.node", read_only=True)
    decision = OptionalChoice(Approval.Decision)
    decided_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Approval
        fields = [
            "id", "kind", "run", "run_title", "step", "node", "effect", "title", "instructions", "roles", "decisions",
            "status", "decision", "comment", "decided_by", "decided_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ApprovalDetailSerializer(ApprovalSerializer):
    """A question with the Markdown that is to be approved, and what an edit made of it."""

    class Meta(ApprovalSerializer.Meta):
        fields = [*ApprovalSerializer.Meta.fields, "content", "edited_content"]
        read_only_fields = fields


class Decide(ClosedSerializer):
    """A decision; ``content`` is the edited text of an edit, or what an effect that happened gave, as JSON."""

    decision = serializers.ChoiceField(choices=Approval.Decision.choices)
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")
    content = serializers.CharField(max_length=CONTENT_LIMIT, allow_blank=True, trim_whitespace=False, default="")


@extend_schema_view(
    list=extend_schema(summary="List approvals"),
    retrieve=extend_schema(summary="Get an approval with what it is about"),
)
class ApprovalViewSet(ReadViewSet):
    """Who may decide is said by the permission and by the approval's roles."""

    queryset = Approval.objects.select_related("run", "step", "decided_by").defer(*OF_OTHERS)
    filterset_class = ApprovalFilter
    write_serializers = {"decide": Decide}
    permissions_of = {"decide": ["workflows.decide_approval"]}
    scope_of = {"decide": "approve"}

    def get_queryset(self) -> QuerySet[Approval]:
        """Return no more of the rows than the action shows."""
        rows: QuerySet[Approval] = super().get_queryset()
        return rows.defer("content", "edited_content") if self.action == "list" else rows

    def get_serializer_class(self) -> type[ApprovalSerializer]:
        """Return the short form for lists."""
        return ApprovalSerializer if self.action == "list" else ApprovalDetailSerializer

    @extend_schema(summary="Decide an approval", responses=ApprovalDetailSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, **kwargs: Any) -> Response:
        """Decide, and let the run go on. A second decision is refused with 409."""
        approval = decide_approval(actor=actor_of(request), approval=self.get_object(), **self.validated())
        return self.shown(self.get_queryset().get(pk=approval.pk))
