"""``/webhook-endpoints``: who is told outside; and ``/deliveries``, what came of telling them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration.actions import deliveries, endpoints
from collaboration.models import Delivery, WebhookEndpoint
from collaboration.notifications.catalogue import EVENTS
from nexod.http.serializers import ClosedSerializer, EmptySerializer, JsonObjectField
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from tenants.accounts.api.callers import actor_of

EVENT_NAMES = list(EVENTS)


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """An endpoint, never with its secrets."""

    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENT_NAMES), read_only=True)

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id",
            "name",
            "url",
            "events",
            "is_enabled",
            "failing_since",
            "disabled_reason",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class IssuedEndpointSerializer(EndpointSerializer):
    """A new endpoint with the secret that signs what it is sent."""

    secret = serializers.CharField(help_text="Shown this once")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class UpdateEndpoint(ClosedSerializer):
    """What may change."""

    name = serializers.CharField(max_length=120, required=False)
    url = serializers.CharField(max_length=500, required=False, help_text="https, and no private address")
    events = serializers.ListField(child=serializers.CharField(max_length=40), max_length=len(EVENTS), required=False)
    is_enabled = serializers.BooleanField(required=False)


class CreateEndpoint(UpdateEndpoint):
    """A new endpoint."""

    name = serializers.CharField(max_length=120)
    url = serializers.CharField(max_length=500, help_text="https, and no private address")
    events = serializers.ListField(child=serializers.CharField(max_length=40), max_length=len(EVENTS))


class RotateEndpointSecret(ClosedSerializer):
    """How the secret changes."""

    overlap_h = serializers.IntegerField(
        min_value=0, max_value=endpoints.MAX_OVERLAP_H, default=24, help_text="Hours in which both sign"
    )


class EndpointSecretSerializer(serializers.Serializer[Any]):
    """A secret, shown this once."""

    secret = serializers.CharField()


class AttemptSerializer(serializers.Serializer[Any]):
    """One attempt; a status of 0 is no answer."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField()
    seconds = serializers.FloatField()
    excerpt = serializers.CharField(help_text="The beginning of the answer")
    error = serializers.CharField()


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A delivery, without what is sent: to an endpoint, or by e-mail to a user."""

    channel = serializers.ChoiceField(choices=["webhook", "email"], read_only=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "channel",
            "endpoint",
            "user",
            "event",
            "status",
            "attempts",
            "next_at",
            "delivered_at",
            "created_at",
        ]
        read_only_fields = fields


class DeliveryDetailSerializer(DeliverySerializer):
    """A delivery with what is sent and what came of each attempt."""

    payload = JsonObjectField(read_only=True)
    log = AttemptSerializer(many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "payload", "log"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(summary="List webhook endpoints"),
    retrieve=extend_schema(summary="Get a webhook endpoint"),
    destroy=extend_schema(summary="Delete a webhook endpoint", description="Delete it with its deliveries."),
)
class EndpointViewSet(DestroyByAction, ReadViewSet):
    """What is sent is signed by standardwebhooks.com and tried again for 24 hours."""

    queryset = WebhookEndpoint.objects.all()
    serializer_class = EndpointSerializer
    filterset_fields = ("is_enabled",)
    row_name = "endpoint"
    write_serializers = {
        "create": CreateEndpoint,
        "partial_update": UpdateEndpoint,
        "ping": EmptySerializer,
        "rotate_secret": RotateEndpointSecret,
    }
    permissions_of = {name: ["collaboration.change_webhookendpoint"] for name in ("ping", "rotate_secret")}
    destroy_action = staticmethod(endpoints.delete_endpoint)

    @extend_schema(summary="Create a webhook endpoint", responses={201: IssuedEndpointSerializer})
    def create(self, request: Request) -> Response:
        """Create an endpoint; its secret is shown this once."""
        endpoint, secret = endpoints.create_endpoint(actor=actor_of(request), **self.validated())
        return Response({**self.get_serializer(endpoint).data, "secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change a webhook endpoint", responses=EndpointSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given; enabled again, its failures are forgotten."""
        changes = self.validated(partial=True)
        return self.shown(endpoints.update_endpoint(actor=actor_of(request), endpoint=self.get_object(), **changes))

    @extend_schema(summary="Send a test event", request=None, responses={202: DeliveryDetailSerializer})
    @action(detail=True, methods=["post"])
    def ping(self, request: Request, **kwargs: Any) -> Response:
        """Send ``webhook.ping``, once; its delivery says what came of it."""
        delivery = deliveries.ping(actor=actor_of(request), endpoint=self.get_object())
        return Response(DeliveryDetailSerializer(delivery).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Rotate the secret of a webhook endpoint", responses=EndpointSecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, **kwargs: Any) -> Response:
        """Give it a new secret, shown this once; for a while both sign."""
        actor, endpoint = actor_of(request), self.get_object()
        return Response(
            {"secret": endpoints.rotate_endpoint_secret(actor=actor, endpoint=endpoint, **self.validated())}
        )


@extend_schema_view(
    list=extend_schema(summary="List deliveries"),
    retrieve=extend_schema(summary="Get a delivery with what came of each attempt"),
)
class DeliveryViewSet(ReadViewSet):
    """Newest first."""

    queryset = Delivery.objects.all()
    filterset_fields = ("endpoint", "status", "event")
    write_serializers = {"redeliver": EmptySerializer}
    permissions_of = {"redeliver": ["collaboration.change_webhookendpoint"]}

    def get_queryset(self) -> QuerySet[Delivery]:
        """Return no more of the rows than the action shows, and nobody else's mail."""
        rows: QuerySet[Delivery] = super().get_queryset()
        return rows.defer("payload", "log") if self.action == "list" else rows

    def get_serializer_class(self) -> type[DeliverySerializer]:
        """Return the short form for lists."""
        return DeliverySerializer if self.action == "list" else DeliveryDetailSerializer

    @extend_schema(summary="Deliver again", request=None, responses={202: DeliveryDetailSerializer})
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, **kwargs: Any) -> Response:
        """Send it once more from the beginning, with the same ``webhook-id``."""
        delivery = deliveries.redeliver(actor=actor_of(request), delivery=self.get_object())
        return Response(DeliveryDetailSerializer(delivery).data, status=status.HTTP_202_ACCEPTED)
