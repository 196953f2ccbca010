"""Vector stores outside over the API. Keys go in and never come out."""

from __future__ import annotations

from rest_framework import serializers

from agents.actions import stores
from agents.models import StoreConnection
from nexod.http.serializers import Closed
from nexod.http.viewsets import ActionViewSet


class StoreConnectionSerializer(Closed, serializers.ModelSerializer[StoreConnection]):
    """A vector store's index as it is shown and written."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    api_key = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=2000,
        help_text="Stored encrypted and never shown; empty removes it. Give it again when the address changes.",
    )
    has_key = serializers.BooleanField(read_only=True)

    class Meta:
        model = StoreConnection
        fields = ("id", "slug", "name", "kind", "address", "api_key", "has_key", "created_at", "updated_at")


class StoreConnectionViewSet(ActionViewSet):
    """Where vectors can be kept outside of the workspace's own database."""

    queryset = StoreConnection.objects.all()
    serializer_class = StoreConnectionSerializer
    filterset_fields = ("slug", "kind")
    row_name = "store"
    create_action = staticmethod(stores.create_store)
    update_action = staticmethod(stores.update_store)
    destroy_action = staticmethod(stores.delete_store)
