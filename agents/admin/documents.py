"""Documents in the admin: how far each is, why one failed, and another try."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from agents.actions.documents import delete_document, retry_documents
from agents.admin.metadata_lines import lines_of
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Chunk, Document
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.records import ReadOnlyAdmin


@admin.register(Document, site=tenant_site)
class DocumentAdmin(ReadOnlyAdmin):
    """Every document of every knowledge base; they are added on the page of a knowledge base."""

    icon = "description"
    empty_hint = "Documents are added on the page of a knowledge base."
    list_display = ("title_and_file", "base", "state", "length", "bytes_shown", "added")
    list_display_links = ("title_and_file",)
    list_select_related = ("knowledge_base",)
    list_filter = ("status", "origin", "knowledge_base", "sitemap")
    search_fields = ("title", "name", "address", "knowledge_base__name")
    search_help_text = "Title, file, address or knowledge base"
    actions = ("read_again",)
    change_form_outer_before_template = "nexod/knowledge/document_head.html"
    fields = (
        "name", "title", "base", "origin", "source", "state", "reason", "read_by", "about", "media_type", "bytes_shown", "pages",
        "length", "uploaded_by", "added", "ingested_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what the person may read: of the rest not even the titles are shown."""
        return readable_by(reader_of(actor_of(request)), super().get_queryset(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let editors delete."""
        return may(request, "agents.delete_document")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count in the database: Django would read every chunk to say how many there are."""
        counts = {"documents": len(objs), "chunks": Chunk.objects.filter(document__in=objs).count()}
        return self.named(objs), counts, set(), []

    @admin.action(description="Read again what failed", permissions=["retry"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """Read the failed ones of those that are ticked anew."""
        begun = retry_documents(actor=actor_of(request), documents=queryset)
        self.message_user(request, f"{begun:,} {'document is' if begun == 1 else 'documents are'} read anew.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Let editors read anew."""
        return may(request, "agents.change_document")

    @display(description="Document", ordering="title", header=True)
    def title_and_file(self, document: Document) -> list[str]:
        """Show the title over the address or the file's name."""
        return [document.title or document.name, document.address or document.name]

    @display(description="Address")
    def source(self, document: Document) -> str:
        """Show where it comes from; a page of the web with a link to it."""
        if document.origin != Document.Origin.URL:
            return document.address or "—"
        return format_html(
            '<a class="nx-link" href="{0}" rel="noreferrer noopener" target="_blank">{0}</a>', document.address
        )

    @display(description="Knowledge base", ordering="knowledge_base__name")
    def base(self, document: Document) -> str:
        """Link to the knowledge base."""
        address = reverse("admin:agents_knowledgebase_change", args=(document.knowledge_base_id,))
        return format_html('<a class="nx-link" href="{}">{}</a>', address, document.knowledge_base)

    @display(description="State", ordering="status")
    def state(self, document: Document) -> str:
        """Show how far it is."""
        busy = document.status == Document.Status.PROCESSING
        return states.chip(document.status, text=f"{document.progress} %" if busy else "")

    @display(description="Readers")
    def read_by(self, document: Document) -> SafeString:
        """Show who may read it."""
        if document.visibility == Document.Visibility.EVERYONE:
            return format_html("{}", "Everyone in the workspace")
        names = [*document.reader_groups.values_list("name", flat=True), *map(str, document.readers.all())]
        return format_html("Only {}", ", ".join(names) or "owners and admins")

    @display(description="Metadata")
    def about(self, document: Document) -> str:
        """Show what searches can be narrowed by."""
        return " · ".join(lines_of(document.metadata).splitlines()) or "—"

    @display(description="Reason")
    def reason(self, document: Document) -> str:
        """Show why it failed."""
        return str((document.error or {}).get("message", "—"))

    @display(description="Characters", ordering="text_length")
    def length(self, document: Document) -> str:
        """Show how much text it has."""
        return formats.count(document.text_length)

    @display(description="Size", ordering="bytes")
    def bytes_shown(self, document: Document) -> str:
        """Show how large the file is."""
        return formats.size(document.bytes)

    @display(description="Added", ordering="created_at")
    def added(self, document: Document) -> str:
        """Show when it came."""
        return formats.ago(document.created_at)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        """Delete by the action."""
        delete_document(actor=actor_of(request), document=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """Delete each by the action."""
        for document in queryset:
            delete_document(actor=actor_of(request), document=document)
