"""``/firings``: each time that a trigger fired, and what came of it."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from nexod.http.viewsets import ReadViewSet
from workflows.api.fields import ReasonSerializer, StoredObject
from workflows.models import Firing


class FiringSerializer(serializers.ModelSerializer[Firing]):
    """A firing, without what was received."""

    reason = ReasonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Firing
        fields = [
            "id",
            "trigger",
            "source",
            "key",
            "due",
            "outcome",
            "reason",
            "run",
            "depth",
            "payload_bytes",
            "created_at",
        ]
        read_only_fields = fields


class FiringDetailSerializer(FiringSerializer):
    """A firing with what the inputs were taken from."""

    event = StoredObject()
    payload = serializers.SerializerMethodField(help_text="The body of a webhook as text, as long as it is kept")

    class Meta(FiringSerializer.Meta):
        fields = [*FiringSerializer.Meta.fields, "event", "payload"]
        read_only_fields = fields

    def get_payload(self, firing: Firing) -> str | None:
        """Return the body that came."""
        return (
            None if firing.payload is None else bytes(firing.payload).decode(errors="replace").replace("\0", "\ufffd")
        )


@extend_schema_view(
    list=extend_schema(summary="List firings"),
    retrieve=extend_schema(summary="Get a firing with what it was fired with"),
)
class FiringViewSet(ReadViewSet):
    """Newest first; the oldest are forgotten."""

    queryset = Firing.objects.all()
    filterset_fields = ("trigger", "outcome", "source")

    def get_queryset(self) -> QuerySet[Firing]:
        """Return no more of the rows than the action shows."""
        rows: QuerySet[Firing] = super().get_queryset()
        return rows.defer("payload", "event") if self.action == "list" else rows

    def get_serializer_class(self) -> type[FiringSerializer]:
        """Return the short form for lists."""
        return FiringSerializer if self.action == "list" else FiringDetailSerializer
