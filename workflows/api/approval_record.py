"""``/runs/{id}/approvals/record``: everything that happened to a run's approvals, in its order; as JSON or CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.shapes import all_shown
from nexod.http.viewsets import ApiViewSet
from workflows.api.fields import StoredObject
from workflows.json_text import json_text
from workflows.models import ApprovalEntry, Run

COLUMNS = ("at", "approval", "title", "node", "kind", "by", "for_user", "round", "digest", "detail")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for more than text."""
AT_ONCE = 500


class ApprovalEntrySerializer(serializers.ModelSerializer[ApprovalEntry]):
    """One line of the record: what happened, by whom, in whose place, when, and what was to be seen then."""

    title = serializers.CharField(source="approval.title", read_only=True)
    node = serializers.CharField(source="approval.step.node", read_only=True)
    by = serializers.CharField(source="by_email", read_only=True, help_text="E-mail address; empty: the platform")
    for_user = serializers.CharField(source="for_email", read_only=True, help_text="E-mail address, of who was away")
    detail = StoredObject()

    class Meta:
        model = ApprovalEntry
        fields = COLUMNS
        read_only_fields = fields


class ApprovalRecordSerializer(serializers.Serializer[Any]):
    """The whole record of a run's approvals."""

    run = serializers.UUIDField()
    entries = ApprovalEntrySerializer(many=True)


class ApprovalRecordViewSet(ApiViewSet):
    """Lines are only ever added, and stay as long as the run does. It comes whole: a part of it would prove nothing."""

    queryset = ApprovalEntry.objects.select_related("approval__step").only(
        *(field.name for field in ApprovalEntry._meta.concrete_fields if field.name not in ("by", "for_user")),
        "approval__title",
        "approval__step__node",
    )
    serializer_class = ApprovalEntrySerializer

    def get_queryset(self) -> Any:
        """Return the lines of one run in their order; a run that is not there is not found."""
        run = get_object_or_404(Run.objects.only("id"), pk=self.kwargs["run_id"])
        return super().get_queryset().filter(approval__run=run).order_by("id")

    @extend_schema(summary="Get the record of a run's approvals", responses=ApprovalRecordSerializer)
    def whole(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: D102
        entries = all_shown(ApprovalEntrySerializer, self.get_queryset())
        return Response({"run": str(self.kwargs["run_id"]), "entries": entries})

    @extend_schema(
        summary="Export the record of a run's approvals as CSV", responses={(200, "text/csv"): OpenApiTypes.STR}
    )
    def table(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:  # noqa: D102
        lines = list(_lines(self.get_queryset().iterator(chunk_size=AT_ONCE)))
        name = f'attachment; filename="approvals-{self.kwargs["run_id"]}.csv"'
        return StreamingHttpResponse(
            lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )


def _lines(entries: Iterator[ApprovalEntry]) -> Iterator[str]:
    yield _line(COLUMNS)
    for entry in entries:
        about = (entry.at.isoformat(), entry.approval_id, entry.approval.title, entry.approval.step.node, entry.kind)
        by = (entry.by_email, entry.for_email, entry.round, entry.digest, json_text(entry.detail))
        yield _line([*about, *by])


def _line(cells: Any) -> str:
    written = StringIO()
    csv.writer(written).writerow([_harmless(str(cell)) for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
