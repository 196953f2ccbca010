"""Knowledge bases over the API, and the search in them."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db.models import Count, Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import knowledge, spaces
from agents.api.failures import FailureSerializer
from agents.api.searching import (
    PassageSerializer,
    PassagesSerializer,
    QuestionSerializer,
    SoughtWordSerializer,
    WhySerializer,
)
from agents.api.together import WRITES, TogetherViewSet, rights
from agents.knowledge.explain import explained
from agents.knowledge.readers import readable_by, reader_of
from agents.knowledge.retrieve import search
from agents.knowledge.stores import STORES
from agents.models import Document, KnowledgeBase, StoreConnection, VectorSpace
from nexod.http.serializers import Closed, ClosedSerializer, JsonObjectField


class KnowledgeBaseSerializer(Closed, serializers.ModelSerializer[KnowledgeBase]):
    """A knowledge base and how many documents it has."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    documents = serializers.IntegerField(read_only=True, default=0, source="document_count")
    documents_ready = serializers.IntegerField(read_only=True, default=0, source="ready_count")

    retrieval = JsonObjectField(required=False, help_text="How searches go about it; an empty object: as usual")

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
            "retrieval",
            "created_at",
            "updated_at",
        )
        extra_kwargs: ClassVar = {
            "embedding_model": {
                "help_text": "A bundled model, or <slug of a connection>/<its model>; later on POST .../vectors changes it"
            }
        }


class SpaceSerializer(serializers.ModelSerializer[VectorSpace]):
    """Vectors of a knowledge base: those that serve, or those that are built to take their place."""

    error = FailureSerializer(read_only=True, allow_null=True)

    class Meta:
        model = VectorSpace
        fields = (
            "id", "model", "dimensions", "half", "store", "connection", "state", "index", "done", "total", "error",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields


class SpacesSerializer(serializers.Serializer[Any]):
    """All of a knowledge base, in one page."""

    results = SpaceSerializer(many=True)


class NewVectorsSerializer(ClosedSerializer):
    """Which vectors a knowledge base is to have; what is left out stays as it is."""

    model = serializers.CharField(
        required=False, max_length=190, help_text="A bundled embedding model, or <slug of a connection>/<its model>"
    )
    store = serializers.ChoiceField(required=False, choices=sorted(STORES))
    store_connection = serializers.PrimaryKeyRelatedField(
        required=False, queryset=StoreConnection.objects.all(), pk_field=serializers.UUIDField()
    )
    half = serializers.BooleanField(required=False, help_text="The index holds 16 bits a number: half the memory")


class KnowledgeBaseViewSet(TogetherViewSet):
    """What agents can look up."""

    queryset = KnowledgeBase.objects.all()
    serializer_class = KnowledgeBaseSerializer
    filterset_fields = ("slug",)
    kind = "knowledge"
    row_name = "knowledge_base"
    permissions_of = {
        **rights("knowledgebase"),
        "search": ["agents.view_knowledgebase", "agents.view_chunk"],
        "vectors": ["agents.view_knowledgebase"],
        "build": ["agents.change_knowledgebase"],
        "stop": ["agents.change_knowledgebase"],
    }
    scope_of = {"search": "read"}
    write_serializers = {**WRITES, "search": QuestionSerializer, "build": NewVectorsSerializer}
    create_action = staticmethod(knowledge.create_knowledge_base)
    update_action = staticmethod(knowledge.update_knowledge_base)
    destroy_action = staticmethod(knowledge.delete_knowledge_base)

    def get_queryset(self) -> Any:
        """Count the documents where they are shown."""
        rows = super().get_queryset()
        if self.action not in ("list", "retrieve"):
            return rows
        actor: Any = self.request.user
        seen = Q(documents__in=readable_by(reader_of(actor), Document.objects.all()))
        ready = seen & Q(documents__status=Document.Status.READY)
        return rows.annotate(
            document_count=Count("documents", filter=seen), ready_count=Count("documents", filter=ready)
        )

    @extend_schema(
        request=QuestionSerializer,
        responses=PassagesSerializer,
        parameters=[OpenApiParameter("explain", bool, description="Say of each passage why it is there")],
        summary="Find passages",
    )
    @action(detail=True, methods=["post"])
    def search(self, request: Request, **kwargs: Any) -> Response:
        """Find the passages of this knowledge base that answer a question best, of documents that you may read."""
        base, question = self.get_object(), QuestionSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        actor: Any = request.user
        if request.query_params.get("explain") not in ("1", "true"):
            found = search(base, reader=reader_of(actor), **question.validated_data)
            return Response(PassagesSerializer({"results": found}).data)
        told = explained(base, reader=reader_of(actor), **question.validated_data)
        results = [{**PassageSerializer(why.passage).data, "why": WhySerializer(why).data} for why in told.results]
        words = SoughtWordSerializer(many=True, instance=cast(Any, told.words)).data
        return Response({"results": results, "words": words, "chunks": told.chunks, "amiss": told.amiss})

    @extend_schema(responses=SpacesSerializer, summary="List vectors")
    @action(detail=True, filterset_fields=(), pagination_class=None, serializer_class=SpaceSerializer)
    def vectors(self, request: Request, **kwargs: Any) -> Response:
        """List the vectors that serve, and those that are being built, with their progress."""
        rows = VectorSpace.objects.filter(knowledge_base=self.get_object())
        return Response(SpacesSerializer({"results": rows}).data)

    @extend_schema(request=NewVectorsSerializer, responses={202: SpaceSerializer}, summary="Give it other vectors")
    @vectors.mapping.post
    def build(self, request: Request, **kwargs: Any) -> Response:
        """Begin to embed with another model, or to move to another store; the present vectors serve meanwhile."""
        base, wanted = self.get_object(), NewVectorsSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        actor: Any = request.user
        made = spaces.build_space(actor=actor, knowledge_base=base, **wanted.validated_data)
        return Response(SpaceSerializer(made).data, status=202)

    @extend_schema(responses={204: None}, summary="Stop building vectors")
    @vectors.mapping.delete
    def stop(self, request: Request, **kwargs: Any) -> Response:
        """Give up the vectors that are being built; those that serve go on."""
        actor: Any = request.user
        spaces.stop_building(actor=actor, knowledge_base=self.get_object())
        return Response(status=204)
