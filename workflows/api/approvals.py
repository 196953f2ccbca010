"""``/approvals``: what waits for people, and what they do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import EmptySerializer
from nexod.http.viewsets import ReadViewSet
from nexod.kernel.errors import InvalidInput
from tenants.accounts.api.callers import actor_of
from tenants.accounts.models import User
from workflows.actions.approvals import (
    claim_approval,
    decide_approval,
    note_seen,
    reassign_approval,
    release_approval,
)
from workflows.actions.approvals.deciding import standing_of
from workflows.api.approval_shapes import ApprovalDetailSerializer, ApprovalSerializer, Decide, Reassign
from workflows.api.filters import ApprovalFilter
from workflows.approvals.people import PERMISSION, desk_of
from workflows.models import Approval, Vote

PEOPLE = ("decided_by", "assigned_to", "claimed_by")
ACTS = ("decide", "claim", "release", "reassign")
OF_OTHERS = (
    "run__definition",
    "run__inputs",
    "run__outputs",
    "run__error",
    "step__inputs",
    "step__output",
    "step__error",
)
HEAVY = ("content", "edited_content", "arguments", "schema")
"""What a list leaves out."""


@extend_schema_view(
    list=extend_schema(summary="List approvals"),
    retrieve=extend_schema(summary="Get an approval with what it is about, and how its votes stand"),
)
class ApprovalViewSet(ReadViewSet):
    """Who may decide is said by the permission and by the approval's policy."""

    queryset = Approval.objects.select_related("run", "step", *PEOPLE).defer(*OF_OTHERS)
    filterset_class = ApprovalFilter
    write_serializer_class = EmptySerializer
    write_serializers = {"decide": Decide, "reassign": Reassign}
    permissions_of = {name: [PERMISSION] for name in ACTS}
    scope_of = dict.fromkeys(ACTS, "approve")

    def get_queryset(self) -> QuerySet[Approval]:
        """Return no more of the rows than the action shows."""
        rows: QuerySet[Approval] = super().get_queryset()
        if self.action == "list":
            return rows.defer(*HEAVY).prefetch_related(Prefetch("votes", Vote.objects.defer("content", "comment")))
        return rows.prefetch_related(Prefetch("votes", Vote.objects.select_related("user", "for_user")))

    def get_serializer_class(self) -> type[ApprovalSerializer]:
        """Return the short form for lists."""
        return ApprovalSerializer if self.action == "list" else ApprovalDetailSerializer

    def completed(self, rows: Iterable[Any]) -> list[Any]:
        """Return the rows, each with why the caller may not decide it; by itself also with how its votes stand."""
        found, desk = super().completed(rows), desk_of(actor_of(self.request))
        for row in found:
            row.refusal = desk.refusal(row)
            if self.action != "list":
                row.progress = standing_of(row) if row.status == Approval.Status.PENDING else None
        return found

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: D102
        found = self.get_object()
        actor = actor_of(request)
        if actor.has_perm(PERMISSION):
            note_seen(actor=actor, approval=found)
        return self.shown(found)

    @extend_schema(summary="Decide an approval, or vote on it", responses=ApprovalDetailSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, **kwargs: Any) -> Response:
        """Decide, and let the run go on; where several have to, vote. What was decided or changed meanwhile is refused with 409."""
        found = decide_approval(actor=actor_of(request), approval=self.get_object(), **self.validated())
        return self.shown(self.get_queryset().get(pk=found.pk))

    @extend_schema(summary="Claim an approval", request=None, responses=ApprovalDetailSerializer)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, **kwargs: Any) -> Response:
        """Keep it for the caller: nobody else decides it for eight hours."""
        found = claim_approval(actor=actor_of(request), approval=self.get_object())
        return self.shown(self.get_queryset().get(pk=found.pk))

    @extend_schema(summary="Release a claimed approval", request=None, responses=ApprovalDetailSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, **kwargs: Any) -> Response:
        """Let others decide it again; somebody else's claim is released by who may reassign."""
        found = release_approval(actor=actor_of(request), approval=self.get_object())
        return self.shown(self.get_queryset().get(pk=found.pk))

    @extend_schema(summary="Hand an approval to somebody else", responses=ApprovalDetailSerializer)
    @action(detail=True, methods=["post"])
    def reassign(self, request: Request, **kwargs: Any) -> Response:
        """Have somebody decide in the caller's place, or, where the caller may reassign any, in somebody else's."""
        approval, given = self.get_object(), self.validated()
        people = {name: _person(name, given[name]) for name in ("to", "instead_of") if name in given}
        comment = given["comment"]
        found = reassign_approval(actor=actor_of(request), approval=approval, comment=comment, **people)
        return self.shown(self.get_queryset().get(pk=found.pk))


def _person(field: str, address: str) -> User:
    found = User.objects.filter(email=address.strip().lower(), is_active=True).first()
    if found is None:
        message = "Nobody here has this address."
        raise InvalidInput(message, details=[{"field": field, "message": message}])
    return found
