"""Model connections over the API. Keys go in and never come out."""

from __future__ import annotations

from rest_framework import serializers

from agents.actions import connections
from agents.models import ModelConnection
from nexod.http.serializers import Closed
from nexod.http.viewsets import ActionViewSet


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
    # Declared here, so that no validator asks for another default to be unset first: the action does that.
    is_default = serializers.BooleanField(required=False, help_text="Makes it the default in place of the present one")
    has_key = serializers.BooleanField(read_only=True)

    class Meta:
        model = ModelConnection
        fields = (
            "id",
            "slug",
            "name",
            "provider",
            "base_url",
            "api_key",
            "has_key",
            "model_names",
            "is_default",
            "timeout_s",
            "price_in_usd",
            "price_out_usd",
            "created_at",
            "updated_at",
        )


class ModelConnectionViewSet(ActionViewSet):
    """Where models are reached."""

    queryset = ModelConnection.objects.all()
    serializer_class = ModelConnectionSerializer
    filterset_fields = ("slug", "provider", "is_default")
    row_name = "connection"
    create_action = staticmethod(connections.create_connection)
    update_action = staticmethod(connections.update_connection)
    destroy_action = staticmethod(connections.delete_connection)
