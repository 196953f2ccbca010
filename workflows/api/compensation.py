"""What was undone of a run, as clients see it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from workflows.api.fields import ReasonSerializer


class UndoneSerializer(serializers.Serializer[Any]):
    """A step that was undone."""

    node = serializers.CharField()
    step = serializers.UUIDField()


class NotUndoneSerializer(UndoneSerializer):
    """A step that was not, and why."""

    reason = ReasonSerializer()


class CompensationSerializer(serializers.Serializer[Any]):
    """Why a run is undone, whether that is over, and then how it went."""

    cause = serializers.ChoiceField(choices=["failed", "cancelled"])
    over = serializers.BooleanField()
    undone = UndoneSerializer(many=True, default=list)
    not_undone = NotUndoneSerializer(many=True, default=list)
