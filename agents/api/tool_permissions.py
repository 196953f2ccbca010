"""``/tool-permissions``: what people let agents do with tools without being asked again; deleting one takes it back."""

from __future__ import annotations

import django_filters as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from agents.actions.tool_permissions import revoke_permission
from agents.models import Agent, ToolPermission
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from tenants.accounts.api.serializers import PersonSerializer


@extend_schema_field({"type": "object", "additionalProperties": True})
class ArgumentsField(serializers.JSONField):
    """What a tool is called with."""


class ToolPermissionSerializer(serializers.ModelSerializer[ToolPermission]):
    """A remembered decision: which agent may use which tool, who said so, and whether it still holds."""

    agent: serializers.SlugRelatedField[Agent] = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    arguments = ArgumentsField(read_only=True, allow_null=True, help_text="Null: with any arguments")
    allowed_by = PersonSerializer(read_only=True, allow_null=True)
    revoked_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = ToolPermission
        fields = [
            "id", "agent", "tool", "title", "about", "arguments", "run", "allowed_by", "created_at", "revoked_by", "revoked_at",
        ]  # fmt: skip
        read_only_fields = fields


class ToolPermissionFilter(filters.FilterSet):
    """Whose, of what, and whether it holds."""

    agent = filters.CharFilter(field_name="agent__slug")
    tool = filters.CharFilter()
    run = filters.UUIDFilter()
    revoked = filters.BooleanFilter(field_name="revoked_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = ToolPermission
        fields = ()


@extend_schema_view(
    list=extend_schema(summary="List remembered decisions about tools"),
    retrieve=extend_schema(summary="Get a remembered decision about a tool"),
    destroy=extend_schema(
        summary="Revoke a remembered decision about a tool",
        description="The next use is asked about again; the row stays, with the time.",
    ),
)
class ToolPermissionViewSet(DestroyByAction, ReadViewSet):
    """Made by decisions alone, never by hand."""

    queryset = ToolPermission.objects.select_related("agent", "allowed_by", "revoked_by")
    serializer_class = ToolPermissionSerializer
    filterset_class = ToolPermissionFilter
    permissions_of = {"destroy": ["agents.revoke_toolpermission"]}
    scope_of = {"destroy": "approve"}
    row_name = "permission"
    destroy_action = staticmethod(revoke_permission)
