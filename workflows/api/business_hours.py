"""``/business-hours``: when the organisation works; one of it, always there."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import Closed, JsonListField, JsonObjectField
from nexod.http.viewsets import ApiViewSet
from workflows.actions.business_hours import business_hours, set_business_hours
from workflows.approvals.hours import DAYS, LONGEST_NAME, MOST_HOLIDAYS, MOST_WINDOWS
from workflows.models import BusinessHours

_TIME = {"type": "string", "pattern": "^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
_WINDOW = {"type": "array", "items": _TIME, "minItems": 2, "maxItems": 2}
_WINDOWS = {"type": "array", "items": _WINDOW, "maxItems": MOST_WINDOWS}
WEEK = {"type": "object", "properties": dict.fromkeys(DAYS, _WINDOWS), "additionalProperties": False}
HOLIDAYS = {
    "type": "array",
    "maxItems": MOST_HOLIDAYS,
    "items": {
        "type": "object",
        "properties": {
            "date": {"type": "string", "format": "date"},
            "name": {"type": "string", "maxLength": LONGEST_NAME},
        },
        "required": ["date"],
        "additionalProperties": False,
    },
}


@extend_schema_field(WEEK)
class WeekField(JsonObjectField):
    """From when to when it is open, by weekday."""


@extend_schema_field(HOLIDAYS)
class HolidaysField(JsonListField):
    """Days on which nobody works."""


class BusinessHoursSerializer(Closed, serializers.ModelSerializer[BusinessHours]):
    """The hours that count where the times of an approval are business hours."""

    zone = serializers.CharField(max_length=60, required=False, help_text="Such as Europe/Berlin")
    week = WeekField(required=False, help_text="A weekday that is left out is closed")
    holidays = HolidaysField(required=False)

    class Meta:
        model = BusinessHours
        fields = ("zone", "week", "holidays")


class BusinessHoursViewSet(ApiViewSet):
    """Times of approvals that were asked for before stay what they are."""

    queryset = BusinessHours.objects.all()
    serializer_class = BusinessHoursSerializer

    @extend_schema(summary="Get the business hours")
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return them; Monday to Friday from nine to five, in UTC, where nobody has set any."""
        return self.shown(business_hours())

    @extend_schema(summary="Set the business hours")
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change what is given."""
        return self.shown(set_business_hours(actor=request.user, **self.validated(partial=True)))  # type: ignore[arg-type]
