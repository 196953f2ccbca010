"""``/me``: who asks, where, and what may be done."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.permissions import Authenticated
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of, key_of
from tenants.accounts.api.serializers import MeSerializer, UserSerializer, WorkspaceSerializer
from tenants.accounts.models import User


class MeViewSet(ApiViewSet):
    """One object: oneself."""

    queryset = User.objects.prefetch_related("groups")
    serializer_class = MeSerializer
    permission_classes = [Authenticated]
    pagination_class = None
    filter_backends: list[type] = []

    @extend_schema(summary="Get oneself", responses=MeSerializer, operation_id="me")
    def show(self, request: Request) -> Response:
        """Return roles, permissions, the workspace and the scopes of the key that asks (null with a session)."""
        user, key = self.get_queryset().get(pk=request.user.pk), key_of(request)
        workspace = request._request.tenant  # type: ignore[attr-defined]  # the HTTP door put it there
        return Response(
            {
                **UserSerializer(user).data,
                "permissions": sorted(actor_of(request).get_all_permissions()),
                "scopes": key.scopes if key else None,
                "tenant": WorkspaceSerializer(workspace).data,
            }
        )
