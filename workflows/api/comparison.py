"""How the versions of an evaluation compare, as the API shows it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ContestantStandingSerializer(serializers.Serializer[Any]):
    """One version: how its trials ended, and what they used."""

    id = serializers.UUIDField()
    version = serializers.CharField(help_text="What people call it: Draft, Version 3, Current")
    trials = serializers.IntegerField()
    over = serializers.IntegerField()
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="Replays in which a call differed from what was recorded")
    broken = serializers.IntegerField(help_text="Their run failed")
    cancelled = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True, help_text="Mean over its trials, 0 to 1")
    cost_usd = serializers.FloatField()
    judge_cost_usd = serializers.FloatField(help_text="Of judges, not in cost_usd")
    seconds = serializers.FloatField()
    tokens = serializers.IntegerField()
    model_calls = serializers.IntegerField()
    cost_usd_mean = serializers.FloatField(help_text="Per trial")
    seconds_mean = serializers.FloatField(help_text="Per trial")


class CellSerializer(serializers.Serializer[Any]):
    """One case on one version: means over its repetitions."""

    score = serializers.FloatField(allow_null=True)
    passed = serializers.IntegerField()
    over = serializers.IntegerField()
    trials = serializers.IntegerField()
    cost_usd = serializers.FloatField()
    seconds = serializers.FloatField()


class CaseRowSerializer(serializers.Serializer[Any]):
    """One case, with a cell for each version in their order."""

    case = serializers.UUIDField()
    name = serializers.CharField()
    cells = CellSerializer(many=True)


class DuelSerializer(serializers.Serializer[Any]):
    """The second version against the first: cases on which it is better, worse or the same, and what it is more or less."""

    first = serializers.CharField()
    second = serializers.CharField()
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()
    score = serializers.FloatField(help_text="Difference of the means")
    cost_usd = serializers.FloatField(help_text="Difference per trial")
    seconds = serializers.FloatField(help_text="Difference per trial")


class ComparisonSerializer(serializers.Serializer[Any]):
    """All of it."""

    versions = ContestantStandingSerializer(many=True)
    cases = CaseRowSerializer(many=True)
    duels = DuelSerializer(many=True)
