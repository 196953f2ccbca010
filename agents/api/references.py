"""Rows that a body names by their slug."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from agents.models import Agent, KnowledgeBase, ModelConnection


def by_slug(rows: Any, **options: Any) -> serializers.SlugRelatedField[Any]:
    """Return a field that reads and writes the slug of a row."""
    return serializers.SlugRelatedField(slug_field="slug", queryset=rows, **options)


def agent(**options: Any) -> serializers.SlugRelatedField[Any]:
    """Return a field for the slug of an agent, or null."""
    return by_slug(Agent.objects.all(), allow_null=True, required=False, help_text="Slug of an agent", **options)


def agents() -> serializers.SlugRelatedField[Any]:
    """Return a field for the slugs of agents."""
    return by_slug(Agent.objects.all(), many=True, required=False, help_text="Slugs of agents")


def connection() -> serializers.SlugRelatedField[Any]:
    """Return a field for the slug of a model connection; null is the tenant's default."""
    rows = ModelConnection.objects.all()
    return by_slug(rows, allow_null=True, required=False, help_text="Slug of a model connection; null: the default")


def knowledge_bases() -> serializers.SlugRelatedField[Any]:
    """Return a field for the slugs of knowledge bases."""
    return by_slug(KnowledgeBase.objects.all(), many=True, required=False, help_text="Slugs of knowledge bases")
