"""``/notifications/preferences``: what one is told, where, and when not."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration.actions.preferences import choices_of, choose, hours_of, set_hours
from collaboration.models import NotificationPreference
from collaboration.notifications.kinds import KINDS
from nexod.http.permissions import Authenticated
from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.models import User

HOURS = ("time_zone", "quiet_from", "quiet_until", "daily_at")


class NotificationChoiceSerializer(ClosedSerializer):
    """One kind of notification and how one is told of it."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    title = serializers.CharField(read_only=True)
    in_app = serializers.BooleanField(required=False)
    email = serializers.ChoiceField(choices=NotificationPreference.Email.choices, required=False)


class NotificationPreferencesSerializer(ClosedSerializer):
    """Every kind, and the hours in which nothing is mailed."""

    time_zone = serializers.CharField(max_length=64, help_text="Such as Europe/Berlin")
    quiet_from = serializers.TimeField(allow_null=True)
    quiet_until = serializers.TimeField(allow_null=True, help_text="What would have come in between is sent then")
    daily_at = serializers.TimeField(help_text="When the daily digest comes")
    choices = NotificationChoiceSerializer(many=True, help_text="Of those that are left out nothing changes")


class NotificationPreferencesViewSet(ApiViewSet):
    """One's own."""

    permission_classes = [Authenticated]
    queryset = NotificationPreference.objects.none()
    serializer_class = NotificationPreferencesSerializer

    @extend_schema(
        summary="Get what I am told, where and when",
        responses=NotificationPreferencesSerializer,
        operation_id="notification_preferences",
    )
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return every kind with one's choice."""
        return Response(_preferences(actor_of(request)))

    @extend_schema(
        summary="Choose what I am told, where and when",
        request=NotificationPreferencesSerializer,
        responses=NotificationPreferencesSerializer,
        operation_id="notification_preferences_change",
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change what is given."""
        actor, given = actor_of(request), self.validated(partial=True)
        with transaction.atomic():
            if any(name in given for name in HOURS):
                hours = hours_of(actor)
                set_hours(actor=actor, **{name: given.get(name, getattr(hours, name)) for name in HOURS})
            choose(actor=actor, choices=_changed(actor, given.get("choices", ())))
        return Response(_preferences(actor))


def _preferences(user: User) -> Any:
    hours = hours_of(user)
    choices = [
        {"kind": one.kind.name, "title": one.kind.title, "in_app": one.in_app, "email": one.email}
        for one in choices_of(user)
    ]
    values = {name: getattr(hours, name) for name in HOURS}
    return NotificationPreferencesSerializer({**values, "choices": choices}).data


def _changed(user: User, given: Any) -> dict[str, tuple[bool, str]]:
    now = {one.kind.name: one for one in choices_of(user)} if given else {}
    return {
        one["kind"]: (one.get("in_app", now[one["kind"]].in_app), one.get("email", now[one["kind"]].email))
        for one in given
    }
