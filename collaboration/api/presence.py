"""``/presence``: who is in the workspace now, and where, as far as the caller may see that."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration import presence
from collaboration.models import Notification
from collaboration.pages import KINDS, subject_said
from nexod.http.permissions import Authenticated
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of


class PresentPersonSerializer(serializers.Serializer[Any]):
    """Somebody who is here, once, however many pages they have open."""

    user = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=presence.STATES)
    pages = serializers.ListField(child=serializers.CharField(), help_text="Those that you may see")
    subjects = serializers.ListField(child=serializers.CharField(), help_text="What these are about, such as run:<id>")


class PresenceSerializer(serializers.Serializer[Any]):
    """Who is here now. Who is cut off is told for at most 50 seconds more."""

    people = PresentPersonSerializer(many=True)


class PresenceViewSet(ApiViewSet):
    """Nobody stands here by hand: /ws/workspace/ counts who is connected."""

    queryset = Notification.objects.none()
    serializer_class = PresenceSerializer
    permission_classes = [Authenticated]
    filter_backends: list[Any] = []
    pagination_class = None

    @extend_schema(
        summary="See who is here",
        responses=PresenceSerializer,
        parameters=[
            OpenApiParameter("page", str, description="Those on this page alone, a path"),
            OpenApiParameter("subject", str, description="Those on pages about this alone, such as workflow:<id>"),
        ],
    )
    def retrieve(self, request: Request) -> Response:
        """Return the people, by name; with a filter those who are there."""
        page, subject = (request.query_params.get(name, "") for name in ("page", "subject"))
        if subject and not subject_said(subject):
            raise ValidationError({"subject": [f"Write one of {', '.join(KINDS)}, a colon and an id."]})
        people = presence.told_to(actor_of(request).get_all_permissions(), presence.people())
        found = [
            person
            for person in people
            if (not page or page in person["pages"]) and (not subject or subject_said(subject) in person["subjects"])
        ]
        return Response({"people": found})
