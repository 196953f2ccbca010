"""``/api-keys``: issue, list and revoke. A person sees the own ones, who looks after people sees all."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.permissions import Authenticated
from nexod.http.shapes import shown
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from nexod.kernel.errors import InvalidInput
from tenants.accounts.actions.api_keys import issue_api_key, revoke_api_key
from tenants.accounts.api.callers import actor_of, key_of
from tenants.accounts.api.serializers import ApiKeySerializer, IssueApiKey, IssuedApiKeySerializer
from tenants.accounts.models import ApiKey, User


@extend_schema_view(
    list=extend_schema(summary="List API keys"),
    retrieve=extend_schema(summary="Get an API key"),
    destroy=extend_schema(
        summary="Revoke an API key", description="Make the key worthless at once; its row stays, with the time."
    ),
)
class ApiKeyViewSet(DestroyByAction, ReadViewSet):
    """The key itself is shown once, when it is issued."""

    queryset = ApiKey.objects.select_related("user")
    serializer_class = ApiKeySerializer
    permission_classes = [Authenticated]
    write_serializers = {"create": IssueApiKey}
    row_name = "api_key"
    destroy_action = staticmethod(revoke_api_key)

    @extend_schema(summary="Issue an API key", responses={201: IssuedApiKeySerializer})
    def create(self, request: Request) -> Response:
        """Issue a key. One that is issued with another key has at most its scopes and does not outlive it."""
        fields = self.validated()
        user = _user(fields.pop("user", request.user.pk))
        row, key = issue_api_key(actor=actor_of(request), user=user, issued_with=key_of(request), **fields)
        return Response({**shown(self.get_serializer_class(), row), "key": key}, status=status.HTTP_201_CREATED)


def _user(pk: Any) -> User:
    found = User.objects.filter(pk=pk).first()
    if found is None:
        raise InvalidInput(details=[{"field": "user", "message": "There is no such person here.", "code": "unknown"}])
    return found
