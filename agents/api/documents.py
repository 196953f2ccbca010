"""Documents over the API: upload, watch, read, try again, delete."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.db.models.functions import Substr
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import addresses, document_metadata, documents
from agents.actions.contents import Taken
from agents.actions.readers import set_readers
from agents.api.chunks import ByPlace, ChunkSerializer
from agents.api.document_bodies import (
    AddressesSerializer,
    BegunSerializer,
    ChangedDocumentSerializer,
    DocumentTextSerializer,
    FailedDocumentsSerializer,
    ReadersSerializer,
    TextSerializer,
    UploadSerializer,
)
from agents.api.failures import FailureSerializer
from agents.knowledge.files import files
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Chunk, Document, DocumentText
from nexod.http.serializers import EmptySerializer
from nexod.http.viewsets import DestroyByAction, ReadViewSet, UpdateByAction
from nexod.kernel.errors import InvalidInput, NotFound
from tenants.accounts.models import User

MOST_CHARACTERS = 100_000


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """A document and how far its ingestion is."""

    error = FailureSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Document
        fields = (
            "id",
            "knowledge_base",
            "origin",
            "address",
            "sitemap",
            "name",
            "title",
            "media_type",
            "bytes",
            "content_hash",
            "metadata",
            "visibility",
            "status",
            "progress",
            "error",
            "attempts",
            "retry_at",
            "text_length",
            "pages",
            "uploaded_by",
            "fetched_at",
            "ingested_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


@extend_schema_view(
    partial_update=extend_schema(
        summary="Say what a document is about",
        description="The metadata takes the place of the former, from the next search on.",
        request=ChangedDocumentSerializer,
    )
)
class DocumentViewSet(UpdateByAction, DestroyByAction, ReadViewSet):
    """The files of knowledge bases."""

    queryset = Document.objects.all()
    serializer_class = DocumentSerializer
    filterset_fields = ("knowledge_base", "status", "origin", "address", "sitemap", "content_hash")
    permissions_of = {
        "texts": ["agents.add_document"],
        "addresses": ["agents.add_document"],
        "retry": ["agents.change_document"],
        "retry_failed": ["agents.change_document"],
        "refresh": ["agents.change_document"],
        "text": ["agents.view_document", "agents.view_chunk"],
        "readers": ["agents.change_document"],
        "chunks": ["agents.view_document", "agents.view_chunk"],
    }
    write_serializers = {
        "partial_update": ChangedDocumentSerializer,
        "texts": TextSerializer,
        "addresses": AddressesSerializer,
        "retry_failed": FailedDocumentsSerializer,
        "refresh": EmptySerializer,
        "readers": ReadersSerializer,
    }
    update_action = staticmethod(document_metadata.update_document)
    destroy_action = staticmethod(documents.delete_document)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the documents that the caller may read."""
        return readable_by(reader_of(cast(User, self.request.user)), super().get_queryset())

    def get_parsers(self) -> list[Any]:
        """Take files where files are expected."""
        uploads = self.request is not None and getattr(self, "action_map", {}).get("post") == "create"
        return [MultiPartParser()] if uploads else super().get_parsers()

    @extend_schema(
        summary="Upload a document",
        request={"multipart/form-data": UploadSerializer},
        responses={
            201: OpenApiResponse(DocumentSerializer, description="Kept; its ingestion has been enqueued"),
            200: OpenApiResponse(
                DocumentSerializer,
                description="The knowledge base has this content already, or has it at this address now",
            ),
        },
    )
    def create(self, request: Request) -> Response:
        """Keep a file and begin to read it. The same content again gives the document that is there.

        With an ``address`` the file takes the place of what the document at that address held; only what differs is
        embedded anew.
        """
        upload = UploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        actor: Any = request.user
        name = upload.validated_data["file"].name
        return self._taken(*documents.put_document(actor=actor, name=name, **upload.validated_data))

    def _taken(self, row: Document, taken: Taken) -> Response:
        return self.shown(row, status=status.HTTP_201_CREATED if taken is Taken.ADDED else status.HTTP_200_OK)

    @extend_schema(summary="Add a text", responses={201: DocumentSerializer, 200: DocumentSerializer})
    @action(detail=False, methods=["post"])
    def texts(self, request: Request) -> Response:
        """Keep a text as a document; with an ``address``, in place of the text that was kept there."""
        actor: Any = request.user
        return self._taken(*documents.put_text(actor=actor, **self.validated()))

    @extend_schema(summary="Add pages of the web", responses={202: DocumentSerializer(many=True)}, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None, filterset_fields=())
    def addresses(self, request: Request) -> Response:
        """Have pages fetched, each in a document of its own; those that are there already stay as they are."""
        actor: Any = request.user
        rows = addresses.add_addresses(actor=actor, **self.validated())
        return Response(DocumentSerializer(rows, many=True).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Read failed documents anew", responses={202: BegunSerializer}, filters=False)
    @action(detail=False, methods=["post"], url_path="retry", filterset_fields=())
    def retry_failed(self, request: Request) -> Response:
        """Begin to read anew what failed: everywhere, in a knowledge base, of a sitemap, or with one code."""
        actor: Any = request.user
        wanted = {"error__code" if name == "code" else name: value for name, value in self.validated().items()}
        begun = documents.retry_documents(actor=actor, documents=self.get_queryset().filter(**wanted))
        return Response({"documents": begun}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Fetch a page again", responses=DocumentSerializer)
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, **kwargs: Any) -> Response:
        """Ask the document's address whether the page has changed; it is read anew when it has."""
        actor: Any = request.user
        return self.shown(documents.refresh_document(actor=actor, document=self.get_object()))

    @extend_schema(
        summary="Read the text",
        parameters=[
            OpenApiParameter("start", int, description="First character; 0 without it"),
            OpenApiParameter("end", int, description=f"One past the last; at most {MOST_CHARACTERS:,} after the first"),
        ],
        responses=DocumentTextSerializer,
    )
    @action(detail=True)
    def text(self, request: Request, **kwargs: Any) -> Response:
        """Give a stretch of what the document says, as chunks and citations count the characters of it."""
        document = self.get_object()
        start, end = _stretch(request)
        rows = DocumentText.objects.filter(document=document)
        found = rows.values_list(Substr("text", start + 1, end - start), flat=True).first()
        return Response({"start": start, "length": document.text_length, "text": found or ""})

    @extend_schema(summary="Say who may read it", request=ReadersSerializer, responses=DocumentSerializer)
    @action(detail=True, methods=["post"])
    def readers(self, request: Request, **kwargs: Any) -> Response:
        """Open the document to everyone in the workspace, or close it to all but some; agents answer each accordingly."""
        document, asked = self.get_object(), ReadersSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        actor = cast(User, request.user)
        return self.shown(set_readers(actor=actor, document=document, **asked.validated_data))

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
        rows = Chunk.objects.filter(document=self.get_object())
        return self.page_shown(rows)


def _stretch(request: Request) -> tuple[int, int]:
    """Return the characters that are asked for; raise InvalidInput for what is no number."""
    given = [request.query_params.get("start") or "0", request.query_params.get("end") or ""]
    if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in given if value):
        raise InvalidInput("start and end are numbers of characters.")
    start = int(given[0])
    return start, max(start, min(int(given[1] or start + MOST_CHARACTERS), start + MOST_CHARACTERS))
