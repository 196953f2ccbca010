"""What a workflow asks of its draft before it is published, as the API shows and takes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from nexod.http.serializers import ClosedSerializer
from workflows.api.cases import data_set_field
from workflows.models import Run


class GateSerializer(serializers.Serializer[Any]):
    """The cases that a draft has to pass."""

    data_set = serializers.UUIDField(source="gate_id")
    min_score = serializers.FloatField(source="gate_score", allow_null=True, help_text="Null: every case passes")
    replay = serializers.ChoiceField(source="gate_replay", choices=Run.Replay.choices)


class SetGate(ClosedSerializer):
    """The cases that a draft is to pass."""

    data_set = data_set_field(help_text="Id of a data set of this workflow")
    min_score = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        allow_null=True,
        help_text="The least mean score; null: every case passes",
    )
    replay = serializers.ChoiceField(
        choices=Run.Replay.choices, required=False, help_text="How its cases are run; absent: fresh"
    )
