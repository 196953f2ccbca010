"""``/absences``: who is away until when, and who decides meanwhile."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ActionViewSet
from tenants.accounts.api.serializers import PersonSerializer
from tenants.accounts.models import User
from workflows.actions import absences
from workflows.models import Absence


class AbsenceSerializer(serializers.ModelSerializer[Absence]):
    """One absence."""

    user = PersonSerializer(read_only=True)
    stand_in = PersonSerializer(read_only=True)

    class Meta:
        model = Absence
        fields = ["id", "user", "stand_in", "from_at", "until_at", "created_at", "updated_at"]
        read_only_fields = fields


def _person(**options: Any) -> Any:
    return serializers.SlugRelatedField(slug_field="email", queryset=User.objects.filter(is_active=True), **options)


class ChangeAbsence(ClosedSerializer):
    """What may change about an absence."""

    stand_in = _person(help_text="E-mail address of who decides meanwhile")
    from_at = serializers.DateTimeField()
    until_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Null: until it is deleted")


class SetAbsence(ChangeAbsence):
    """A new absence, of the caller where nobody else is named."""

    user = _person(required=False, help_text="E-mail address of who is away")


@extend_schema_view(
    list=extend_schema(summary="List absences"),
    retrieve=extend_schema(summary="Get an absence"),
    create=extend_schema(summary="Say who is away and who stands in", responses={201: AbsenceSerializer}),
    partial_update=extend_schema(summary="Change an absence", responses=AbsenceSerializer),
    destroy=extend_schema(summary="Delete an absence"),
)
class AbsenceViewSet(ActionViewSet):
    """A stand-in decides wherever the one who is away could, unless separation of duties keeps either from it."""

    queryset = Absence.objects.select_related("user", "stand_in")
    serializer_class = AbsenceSerializer
    filterset_fields = ("user", "stand_in")
    write_serializers = {"create": SetAbsence, "partial_update": ChangeAbsence}
    create_action = staticmethod(absences.set_absence)
    update_action = staticmethod(absences.change_absence)
    destroy_action = staticmethod(absences.delete_absence)
