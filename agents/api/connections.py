"""Model connections over the API. Keys go in and never come out."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import connections
from agents.models import ModelConnection
from nexod.http.serializers import Closed, JsonObjectField
from nexod.http.viewsets import ActionViewSet
from tenants.accounts.models import User


class ModelConnectionSerializer(Closed, serializers.ModelSerializer[ModelConnection]):
    """A connection as it is shown and written."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    api_key = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=2000,
        trim_whitespace=True,
        help_text="Stored encrypted and never shown; empty removes it. Give it again when base_url changes.",
    )
    forget_former_key = serializers.BooleanField(
        write_only=True,
        required=False,
        help_text="The key before the present one is not tried any more where that is refused",
    )
    # Declared here, so that no validator asks for another default to be unset first: the action does that.
    is_default = serializers.BooleanField(required=False, help_text="Makes it the default in place of the present one")
    has_key = serializers.BooleanField(read_only=True)
    has_former_key = serializers.BooleanField(read_only=True, help_text="It is tried where the present one is refused")
    options = JsonObjectField(required=False, help_text="An object: what this provider needs or takes beside")

    class Meta:
        model = ModelConnection
        fields = (
            "id",
            "slug",
            "name",
            "provider",
            "base_url",
            "options",
            "api_key",
            "has_key",
            "forget_former_key",
            "has_former_key",
            "former_key_until",
            "model_names",
            "is_default",
            "timeout_s",
            "max_concurrent",
            "requests_per_minute",
            "tokens_per_minute",
            "cache_s",
            "price_in_usd",
            "price_out_usd",
            "created_at",
            "updated_at",
        )


class ConnectionTrialSerializer(serializers.Serializer[Any]):
    """What a look at a connection found."""

    ok = serializers.BooleanField()
    latency_ms = serializers.FloatField()
    models = serializers.ListField(child=serializers.CharField(), help_text="Those that the provider lists")
    missing = serializers.ListField(child=serializers.CharField(), help_text="Those of the connection that it does not")
    code = serializers.CharField(help_text="What is wrong, in one word; empty when nothing is")
    problem = serializers.CharField(help_text="What is wrong, and what to do")
    former_key_used = serializers.BooleanField(help_text="Only the key before the present one is taken")


class ModelConnectionViewSet(ActionViewSet):
    """Where models are reached."""

    queryset = ModelConnection.objects.all()
    serializer_class = ModelConnectionSerializer
    filterset_fields = ("slug", "provider", "is_default")
    row_name = "connection"
    permissions_of = {"test": ["agents.change_modelconnection"]}
    create_action = staticmethod(connections.create_connection)
    update_action = staticmethod(connections.update_connection)
    destroy_action = staticmethod(connections.delete_connection)

    @extend_schema(request=None, responses=ConnectionTrialSerializer, summary="Test a connection")
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Look whether it answers and takes the key, how quickly, and which models it has. It asks no model anything."""
        trial = connections.try_connection(actor=cast(User, request.user), connection=self.get_object())
        return Response(ConnectionTrialSerializer(trial).data)
