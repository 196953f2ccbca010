"""``/activity``: what people did, as far as the caller may see what they did it to."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration.api.comment_filters import subject_named
from collaboration.feed.lines import Wanted, feed_of
from collaboration.models import Activity
from collaboration.models.activity import SUBJECTS
from nexod.http.filters import OF_PAGES
from nexod.http.serializers import ClosedSerializer, JsonObjectField
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer


class ActivitySerializer(serializers.ModelSerializer[Activity]):
    """Who did what to what. Names are as they were then."""

    actor = PersonSerializer(read_only=True, allow_null=True)
    subject_kind = serializers.ChoiceField(choices=list(SUBJECTS), read_only=True)
    facts = JsonObjectField(read_only=True, help_text="Ids, names, states and counts; of a run its present status")

    class Meta:
        model = Activity
        fields = ["id", "actor", "verb", "subject_kind", "subject_id", "title", "facts", "created_at"]
        read_only_fields = fields


class AskActivity(ClosedSerializer):
    """What to read of."""

    actor = serializers.UUIDField(required=False, help_text="What this person did")
    verb = serializers.CharField(max_length=30, required=False, help_text="Such as published, commented, started")
    kind = serializers.ChoiceField(choices=list(SUBJECTS), required=False, help_text="What was done to such things")
    subject = serializers.CharField(max_length=60, required=False, help_text="Such as workflow:<id>, with its runs")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)

    def validate_subject(self, given: str) -> Any:
        """Return the kind and the id."""
        try:
            return subject_named(given, list(SUBJECTS))
        except serializers.ValidationError as error:
            raise serializers.ValidationError(cast(dict[str, Any], error.detail)["subject"]) from error


class ActivityViewSet(ApiViewSet):
    """Rows are only ever added, by what is done."""

    queryset = Activity.objects.all()
    serializer_class = ActivitySerializer
    filter_backends: list[Any] = []

    @extend_schema(summary="Read what people did", parameters=[AskActivity], responses=ActivitySerializer(many=True))
    def list(self, request: Request) -> Response:
        """Return the newest first."""
        asked = {name: value for name, value in request.query_params.items() if name not in OF_PAGES}
        given = AskActivity(data=asked)
        given.is_valid(raise_exception=True)
        return self.page_shown(cast(Any, feed_of(actor_of(request), Wanted(**given.validated_data))))
