"""Documents in the admin: how far each is, why one failed, and another try."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from agents.actions.documents import delete_document
from agents.models import Document
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
    list_filter = ("status", "knowledge_base")
    search_fields = ("title", "name", "knowledge_base__name")
    search_help_text = "Title, file or knowledge base"
    change_form_outer_before_template = "nexod/knowledge/document_head.html"
    fields = (
        "name", "title", "base", "state", "reason", "media_type", "bytes_shown", "pages", "length", "uploaded_by",
        "added", "ingested_at",
    )  # fmt: skip
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let editors delete."""
        return may(request, "agents.delete_document")

    @display(description="Document", ordering="title", header=True)
    def title_and_file(self, document: Document) -> list[str]:
        """Show the title over the file's name."""
        return [document.title or document.name, document.name]

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
