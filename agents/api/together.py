"""What people write together of agents, crews and knowledge bases: how it differs from what is saved, saving it, giving it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from agents.settings.kinds import Kind, kind_of
from agents.settings.saving import discard_settings, require_saved, save_settings, settings_draft
from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ActionViewSet
from nexod.kernel.digests import digest_of
from tenants.accounts.api.callers import actor_of


class WriterSerializer(serializers.Serializer[Any]):
    """Somebody who writes along."""

    id = serializers.CharField()
    name = serializers.CharField()


class UnsavedFieldSerializer(serializers.Serializer[Any]):
    """A field that is not saved as it is written, and who changed it since."""

    field = serializers.CharField()
    by = WriterSerializer(many=True)


class SettingsProblemSerializer(serializers.Serializer[Any]):
    """What keeps the settings from being saved."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class SettingsDraftSerializer(serializers.Serializer[Any]):
    """The settings as they are written together; without a document they are as they are saved."""

    content = serializers.DictField()
    digest = serializers.CharField(help_text="Known as this: what `save` takes, so that nothing unseen is saved")
    changed = UnsavedFieldSerializer(many=True)
    problems = SettingsProblemSerializer(many=True)
    editing = WriterSerializer(many=True)


class SeenSettingsSerializer(ClosedSerializer):
    """Which state of the settings is meant."""

    digest = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="Of the state that was seen: from `draft`, or from client 0; empty: any",
    )


class SaveSettingsSerializer(SeenSettingsSerializer):
    """Which state is saved, and that what others did was looked at."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text="Kept with a new version")
    confirm = serializers.BooleanField(required=False, help_text="Also with changes of others, or while others edit")


WRITES: Mapping[str, type[BaseSerializer[Any]]] = {"save": SaveSettingsSerializer, "discard": SeenSettingsSerializer}


IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`ETag` of the state that you saw: 409 `settings_changed` where something else is saved by now. "
    "Without it the fields that are given are replaced",
)


def rights(model: str) -> dict[str, list[str]]:
    """Return the permissions of what ``TogetherViewSet`` adds for a model."""
    view, change = [f"agents.view_{model}"], [f"agents.change_{model}"]
    return {"draft": view, "save": change, "discard": change}


class TogetherViewSet(ActionViewSet):
    """Rows whose settings are written together. A subclass names their ``kind``."""

    kind: ClassVar[str]
    write_serializers = WRITES

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows, with what belongs to them where they are shown: what writes reads them again under a lock."""
        rows = super().get_queryset()
        return rows if self.action in ("list", "retrieve") else rows.select_related(None).prefetch_related(None)

    def shown(self, row: Model, *, status: int = status.HTTP_200_OK) -> Response:
        """Return the row with the digest of what is saved as its ETag, which If-Match takes when it is changed."""
        if self.action != "retrieve":  # what was written is shown, and known, as it is stored
            row = get_object_or_404(super().get_queryset(), pk=row.pk)
        answer = super().shown(row, status=status)
        answer["ETag"] = f'"{digest_of(self._kind().content(row))}"'
        return answer

    @extend_schema(parameters=[IF_MATCH])
    @transaction.atomic
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given; with If-Match only what was seen."""
        match = request.headers.get("If-Match", "").strip()
        if match not in ("", "*"):
            seen = {one.strip().removeprefix("W/").strip('"') for one in match.split(",")}
            require_saved(self._kind(), self.get_object(), seen)
        return super().partial_update(request, **kwargs)

    @extend_schema(
        responses=SettingsDraftSerializer, summary="Get what is written together, and how it is not saved yet"
    )
    @action(detail=True, filterset_fields=(), pagination_class=None)
    def draft(self, request: Request, **kwargs: Any) -> Response:
        """Answer with what the document says now, who changed what of it, what is wrong, and who is editing."""
        row = self.get_object()
        found = settings_draft(actor=actor_of(request), kind=self._kind(), row=row)
        digest = found.digest or digest_of(found.content)
        return Response(SettingsDraftSerializer({**_shown(found), "digest": digest}).data)

    @extend_schema(request=SaveSettingsSerializer, summary="Save what is written together, exactly as it was seen")
    @action(detail=True, methods=["post"])
    def save(self, request: Request, **kwargs: Any) -> Response:
        """Save it and answer with the row; 409 `settings_changed` or `save_unconfirmed` with who did what."""
        row, given = self.get_object(), self.validated()
        save_settings(actor=actor_of(request), kind=self._kind(), row=row, **given)
        return self.shown(row)

    @extend_schema(request=SeenSettingsSerializer, summary="Give up what is written together and not saved")
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, **kwargs: Any) -> Response:
        """Let the document say again what is saved, and answer with the row."""
        row, given = self.get_object(), self.validated()
        discard_settings(actor=actor_of(request), kind=self._kind(), row=row, **given)
        return self.shown(row)

    def _kind(self) -> Kind:
        return kind_of(self.kind)


def _shown(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("content", "changed", "problems", "editing")}
