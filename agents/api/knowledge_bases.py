"""Knowledge bases over the API, and the search in them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import knowledge
from agents.knowledge.retrieve import MOST_PASSAGES, Passage, search
from agents.models import Document, KnowledgeBase
from nexod.http.serializers import Closed, ClosedSerializer
from nexod.http.viewsets import ActionViewSet


class KnowledgeBaseSerializer(Closed, serializers.ModelSerializer[KnowledgeBase]):
    """A knowledge base and how many documents it has."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    documents = serializers.IntegerField(read_only=True, default=0, source="document_count")
    documents_ready = serializers.IntegerField(read_only=True, default=0, source="ready_count")

    class Meta:
        model = KnowledgeBase
        fields = (
            "id",
            "slug",
            "name",
            "description",
            "embedding_model",
            "documents",
            "documents_ready",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("embedding_model",)


class QuestionSerializer(ClosedSerializer):
    """What is looked for."""

    query = serializers.CharField(max_length=4000)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_PASSAGES, default=6)


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
    text = serializers.CharField()
    score = serializers.FloatField(help_text="Orders the passages of one answer; means nothing across answers")


class PassagesSerializer(serializers.Serializer[Any]):
    """The passages that were found, the best first."""

    results = PassageSerializer(many=True)


class KnowledgeBaseViewSet(ActionViewSet):
    """What agents can look up."""

    queryset = KnowledgeBase.objects.all()
    serializer_class = KnowledgeBaseSerializer
    filterset_fields = ("slug",)
    row_name = "knowledge_base"
    permissions_of = {"search": ["agents.view_knowledgebase", "agents.view_chunk"]}
    scope_of = {"search": "read"}
    create_action = staticmethod(knowledge.create_knowledge_base)
    update_action = staticmethod(knowledge.update_knowledge_base)
    destroy_action = staticmethod(knowledge.delete_knowledge_base)

    def get_queryset(self) -> Any:
        """Count the documents where they are shown."""
        rows = super().get_queryset()
        if self.action not in ("list", "retrieve"):
            return rows
        ready = Q(documents__status=Document.Status.READY)
        return rows.annotate(document_count=Count("documents"), ready_count=Count("documents", filter=ready))

    @extend_schema(request=QuestionSerializer, responses=PassagesSerializer, summary="Find passages")
    @action(detail=True, methods=["post"])
    def search(self, request: Request, **kwargs: Any) -> Response:
        """Find the passages of this knowledge base that answer a question best."""
        base, question = self.get_object(), QuestionSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        found = search(base, **question.validated_data)
        return Response(PassagesSerializer({"results": found}).data)
