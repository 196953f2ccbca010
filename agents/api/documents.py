"""Documents over the API: upload, watch, read, try again, delete."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import documents
from agents.api.chunks import ByPlace, ChunkSerializer
from agents.knowledge.files import files
from agents.models import Chunk, Document, KnowledgeBase
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from nexod.kernel.errors import NotFound


class FailureSerializer(serializers.Serializer[Any]):
    """Why the ingestion failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """A document and how far its ingestion is."""

    error = FailureSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Document
        fields = (
            "id",
            "knowledge_base",
            "name",
            "title",
            "media_type",
            "bytes",
            "content_hash",
            "status",
            "progress",
            "error",
            "text_length",
            "pages",
            "uploaded_by",
            "ingested_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class UploadSerializer(serializers.Serializer[Any]):
    """A file and where it belongs."""

    knowledge_base = serializers.PrimaryKeyRelatedField(
        queryset=KnowledgeBase.objects.all(), pk_field=serializers.UUIDField(), help_text="Id of the knowledge base"
    )
    file = serializers.FileField(
        allow_empty_file=True, max_length=1000, help_text="Markdown, text, reStructuredText, HTML or PDF"
    )


class DocumentViewSet(DestroyByAction, ReadViewSet):
    """The files of knowledge bases."""

    queryset = Document.objects.all()
    serializer_class = DocumentSerializer
    filterset_fields = ("knowledge_base", "status", "content_hash")
    permissions_of = {"retry": ["agents.change_document"], "chunks": ["agents.view_document", "agents.view_chunk"]}
    destroy_action = staticmethod(documents.delete_document)

    def get_parsers(self) -> list[Any]:
        """Take files where files are expected."""
        uploads = self.request is not None and getattr(self, "action_map", {}).get("post") == "create"
        return [MultiPartParser()] if uploads else super().get_parsers()

    @extend_schema(
        summary="Upload a document",
        request={"multipart/form-data": UploadSerializer},
        responses={
            201: OpenApiResponse(DocumentSerializer, description="Kept; its ingestion has been enqueued"),
            200: OpenApiResponse(DocumentSerializer, description="The knowledge base has this content already"),
        },
    )
    def create(self, request: Request) -> Response:
        """Keep a file and begin to read it. The same content again gives the document that is there."""
        upload = UploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        base, file = upload.validated_data["knowledge_base"], upload.validated_data["file"]
        actor: Any = request.user
        row, is_new = documents.upload_document(actor=actor, knowledge_base=base, name=file.name, file=file)
        return self.shown(row, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(summary="Download the file", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Give the file back as it was uploaded, as an attachment and in a sandbox: it may be anybody's HTML."""
        document = self.get_object()
        try:
            with files.open(document.storage_key) as kept:
                content = kept.read()
        except FileNotFoundError as error:
            raise NotFound("The file of this document is gone.") from error
        response = HttpResponse(content, content_type="application/octet-stream")
        response["Content-Disposition"] = content_disposition_header(True, document.name) or "attachment"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response

    @extend_schema(summary="Read a document anew", request=None, responses=DocumentSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: Any) -> Response:
        """Begin to read a document anew that failed or was left lying."""
        actor: Any = request.user
        return self.shown(documents.retry_document(actor=actor, document=self.get_object()))

    @extend_schema(summary="List chunks", responses=ChunkSerializer(many=True))
    @action(detail=True, pagination_class=ByPlace, filterset_fields=(), serializer_class=ChunkSerializer)
    def chunks(self, request: Request, **kwargs: Any) -> Response:
        """List what the document was cut into, in the order of its text."""
        rows = Chunk.objects.filter(document=self.get_object()).defer("embedding", "words")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
