"""``/users``: who is in the workspace, with which role."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view

from nexod.http.viewsets import CreateByAction, ReadViewSet, UpdateByAction
from tenants.accounts.actions.users import create_user, update_user
from tenants.accounts.api.filters import UserFilter
from tenants.accounts.api.permissions import PeoplePermissions
from tenants.accounts.api.serializers import CreateUser, UpdateUser, UserSerializer
from tenants.accounts.models import User


@extend_schema_view(
    list=extend_schema(summary="List people"),
    retrieve=extend_schema(summary="Get a person"),
    create=extend_schema(summary="Add a person", responses={201: UserSerializer}),
    partial_update=extend_schema(summary="Change a person's name, role or access", responses=UserSerializer),
)
class UserViewSet(CreateByAction, UpdateByAction, ReadViewSet):
    """People are deactivated, never deleted: what they did stays theirs."""

    queryset = User.objects.prefetch_related("groups")
    serializer_class = UserSerializer
    permission_classes = [PeoplePermissions]
    filterset_class = UserFilter
    write_serializers = {"create": CreateUser, "partial_update": UpdateUser}
    create_action = staticmethod(create_user)
    update_action = staticmethod(update_user)
