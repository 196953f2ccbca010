"""Credentials over the API. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import credentials
from agents.credentials.kinds import LONGEST
from agents.credentials.uses import uses_of
from agents.models import Credential
from nexod.http.serializers import Closed, JsonObjectField
from nexod.http.viewsets import ActionViewSet
from tenants.accounts.models import User

LONGEST_KEPT_S = 30 * 24 * 3600
WRITTEN = (
    "A token, password, value or client secret, as its kind has it. Stored encrypted, never shown. Empty removes it."
)


class CredentialSerializer(Closed, serializers.ModelSerializer[Credential]):
    """A credential as it is shown and written."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes: workflows refer to it"
    )
    hosts = serializers.ListField(
        child=serializers.CharField(max_length=260),
        help_text="To which it may be sent, by https: api.example.com, *.example.com:8443. A new one takes the secret again.",
    )
    settings = JsonObjectField(
        required=False,
        help_text="basic: username; header: header, prefix; query: parameter; oauth2: token_url, client_id, scope, audience",
    )
    secret = serializers.CharField(
        write_only=True, required=False, allow_blank=True, max_length=LONGEST, trim_whitespace=True, help_text=WRITTEN
    )
    forget_former_secret = serializers.BooleanField(
        write_only=True,
        required=False,
        help_text="The secret before the present one is not tried any more where that is refused",
    )
    has_secret = serializers.BooleanField(read_only=True)
    has_former_secret = serializers.BooleanField(
        read_only=True, help_text="It is tried where the present one is refused"
    )

    class Meta:
        model = Credential
        fields = (
            "id",
            "slug",
            "name",
            "description",
            "kind",
            "hosts",
            "settings",
            "secret",
            "has_secret",
            "forget_former_secret",
            "has_former_secret",
            "former_until",
            "rotated_at",
            "last_used_at",
            "created_at",
            "updated_at",
        )


class CredentialRotationSerializer(Closed, serializers.Serializer[Any]):
    """A secret that takes over."""

    secret = serializers.CharField(max_length=LONGEST, trim_whitespace=True, help_text="Stored encrypted, never shown")
    keep_former_s = serializers.IntegerField(
        min_value=0,
        max_value=LONGEST_KEPT_S,
        default=credentials.FORMER_S,
        help_text="For so many seconds the former one is tried where the new one is refused",
    )


class CredentialTrialRequestSerializer(Closed, serializers.Serializer[Any]):
    """Where it is tried."""

    url = serializers.CharField(max_length=4_000, help_text="On one of its hosts; it is asked for by GET")


class CredentialTrialSerializer(serializers.Serializer[Any]):
    """What a look at a credential found."""

    ok = serializers.BooleanField()
    status = serializers.IntegerField(help_text="The service's answer; 0 where there was none")
    latency_ms = serializers.FloatField()
    code = serializers.CharField(help_text="What is wrong, in one word; empty when nothing is")
    problem = serializers.CharField(help_text="What is wrong, and what to do")
    former_used = serializers.BooleanField(help_text="Only the secret before the present one is taken")


class CredentialUseSerializer(serializers.Serializer[Any]):
    """Something that names a credential."""

    kind = serializers.CharField(help_text="agent or workflow")
    id = serializers.UUIDField()
    name = serializers.CharField()
    place = serializers.CharField(help_text="Which of its tools, or steps")


class CredentialUsesSerializer(serializers.Serializer[Any]):
    """All that name it now."""

    uses = CredentialUseSerializer(many=True)


class CredentialViewSet(ActionViewSet):
    """What proves to other services who asks: named by workflows and agents, sent to its own hosts only."""

    queryset = Credential.objects.all()
    serializer_class = CredentialSerializer
    write_serializers = {"rotate": CredentialRotationSerializer, "test": CredentialTrialRequestSerializer}
    filterset_fields = ("slug", "kind")
    row_name = "credential"
    permissions_of = {
        "test": [credentials.USE], "rotate": ["agents.change_credential"], "uses": ["agents.view_credential"],
    }  # fmt: skip
    create_action = staticmethod(credentials.create_credential)
    update_action = staticmethod(credentials.update_credential)
    destroy_action = staticmethod(credentials.delete_credential)

    @extend_schema(request=CredentialRotationSerializer, responses=CredentialSerializer, summary="Rotate a credential")
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, **kwargs: Any) -> Response:
        """Give it a new secret, which is used at once. Runs at work go on: they look it up whenever they send it."""
        row = self.get_object()
        given = self.validated()
        return self.shown(credentials.rotate_credential(actor=cast(User, request.user), credential=row, **given))

    @extend_schema(
        request=CredentialTrialRequestSerializer, responses=CredentialTrialSerializer, summary="Test a credential"
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Ask an address on one of its hosts for its answer, and tell the status."""
        row = self.get_object()
        trial = credentials.try_credential(actor=cast(User, request.user), credential=row, **self.validated())
        return Response(CredentialTrialSerializer(trial).data)

    @extend_schema(responses=CredentialUsesSerializer, summary="See where a credential is used", filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def uses(self, request: Request, **kwargs: Any) -> Response:
        """Return the agents and workflows that name it now."""
        return Response(CredentialUsesSerializer({"uses": uses_of(self.get_object().slug)}).data)
