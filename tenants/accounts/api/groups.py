"""``/groups``: people who are asked together, beside their roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.actions.groups import create_group, delete_group, update_group
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.permissions import PeoplePermissions
from tenants.accounts.api.serializers import PersonSerializer
from tenants.accounts.models import User
from tenants.accounts.roles import ROLES


class PeopleGroupSerializer(serializers.ModelSerializer[Group]):
    """A group and who is in it. Read with ``user_set`` prefetched."""

    members = PersonSerializer(source="user_set", many=True, read_only=True)

    class Meta:
        model = Group
        fields = ["name", "members"]
        read_only_fields = fields


def _members() -> Any:
    people = User.objects.filter(is_active=True)
    return serializers.SlugRelatedField(
        slug_field="email", queryset=people, many=True, required=False, help_text="E-mail addresses"
    )


class CreateGroup(ClosedSerializer):
    """A new group."""

    name = serializers.CharField(max_length=150)
    members = _members()


class UpdateGroup(ClosedSerializer):
    """What may change about a group; ``members`` are all that it has afterwards."""

    name = serializers.CharField(max_length=150, required=False)
    members = _members()


@extend_schema_view(
    create=extend_schema(summary="Make a group", responses={201: PeopleGroupSerializer}),
    partial_update=extend_schema(summary="Change a group's name or members", responses=PeopleGroupSerializer),
    destroy=extend_schema(summary="Delete a group"),
)
class GroupViewSet(ApiViewSet):
    """A group is known by its name: policies of approvals name it. Whoever is in one may decide what it is asked."""

    queryset = Group.objects.exclude(name__in=ROLES).prefetch_related("user_set").order_by("name")
    serializer_class = PeopleGroupSerializer
    permission_classes = [PeoplePermissions]
    write_serializers = {"create": CreateGroup, "partial_update": UpdateGroup}
    pagination_class = None

    @extend_schema(summary="List groups", responses=PeopleGroupSerializer(many=True))
    def listed(self, request: Request) -> Response:  # noqa: D102
        return self.page_shown(self.get_queryset())

    def create(self, request: Request) -> Response:  # noqa: D102
        group = create_group(actor=actor_of(request), **self.validated())
        return self.shown(self._read(group.name), status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, group: str) -> Response:  # noqa: D102
        found = self._read(group)
        changed = update_group(actor=actor_of(request), group=found, **self.validated(partial=True))
        return self.shown(self._read(changed.name))

    def destroy(self, request: Request, group: str) -> Response:  # noqa: D102
        delete_group(actor=actor_of(request), group=self._read(group))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _read(self, name: str) -> Group:
        found: Group = get_object_or_404(self.get_queryset(), name=name)
        return found
