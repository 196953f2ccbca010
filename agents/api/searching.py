"""Searches over the API: the question, the passages, and, when asked, why it is these."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from agents.knowledge.explain import SoughtWord, Why
from agents.knowledge.retrieve import MOST_PASSAGES, Passage
from nexod.http.serializers import ClosedSerializer, JsonObjectField


class QuestionSerializer(ClosedSerializer):
    """What is looked for."""

    query = serializers.CharField(max_length=4000)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_PASSAGES, default=6)
    metadata = JsonObjectField(required=False, help_text="Only documents whose metadata holds all of this")
    neighbours = serializers.IntegerField(min_value=0, max_value=3, required=False)
    variety = serializers.FloatField(min_value=0, max_value=1, required=False)


class LegSerializer(serializers.Serializer[Any]):
    """What one leg thought of a passage; null where it did not bring it."""

    rank = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField(allow_null=True)


class WhySerializer(serializers.Serializer[Why]):
    """Why a passage was found."""

    lexical = LegSerializer(help_text="BM25 over words")
    dense = LegSerializer(help_text="Cosine similarity of vectors")
    fused = serializers.IntegerField(help_text="Its rank when both are fused")
    words = serializers.ListField(child=serializers.CharField(), help_text="Stems of the question that it holds")
    more_words = serializers.ListField(
        child=serializers.CharField(), help_text="Stems of the first answers that it holds"
    )


class PassageSerializer(serializers.Serializer[Passage]):
    """A passage and where it stands: characters of the document's text, from ``start`` to before ``end``."""

    ref = serializers.CharField(help_text="Names the passage within this answer")
    chunk_id = serializers.IntegerField()
    document_id = serializers.UUIDField()
    document_title = serializers.CharField()
    heading = serializers.CharField(help_text="Path of headings, joined by ' > '")
    page = serializers.IntegerField(allow_null=True)
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    lead = serializers.CharField(help_text="Names of a table's columns, where the passage begins inside of one")
    text = serializers.CharField()
    score = serializers.FloatField(help_text="Orders the passages of one answer; means nothing across answers")
    why = WhySerializer(required=False, help_text="With ?explain=1")


class SoughtWordSerializer(serializers.Serializer[SoughtWord]):
    """A word that was looked for."""

    word = serializers.CharField(help_text="Its stem")
    weight = serializers.FloatField()
    chunks = serializers.IntegerField(help_text="How many chunks hold it")
    is_asked = serializers.BooleanField(help_text="The question holds it; otherwise its first answers do")


class PassagesSerializer(serializers.Serializer[Any]):
    """The passages that were found, the best first."""

    results = PassageSerializer(many=True)
    words = SoughtWordSerializer(many=True, required=False, help_text="With ?explain=1")
    chunks = serializers.IntegerField(required=False, help_text="Of the knowledge base; with ?explain=1")
    amiss = serializers.CharField(
        required=False, help_text="Why words alone answered, as when a provider is away; with ?explain=1"
    )
