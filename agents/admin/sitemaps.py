"""Sitemaps in the admin: which sites a knowledge base holds, and how far their pages are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from agents.actions.sitemaps import delete_sitemap
from agents.admin.metadata_lines import lines_of
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document, Sitemap
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.records import ReadOnlyAdmin

_OPEN = (Document.Status.PENDING, Document.Status.PROCESSING)


@admin.register(Sitemap, site=tenant_site)
class SitemapAdmin(ReadOnlyAdmin):
    """They are added on the page of a knowledge base; deleting one deletes its documents."""

    icon = "map"
    empty_hint = "Sitemaps are added on the page of a knowledge base."
    list_display = ("address", "base", "state", "pages", "read")
    list_display_links = ("address",)
    list_select_related = ("knowledge_base",)
    list_filter = ("status", "knowledge_base")
    search_fields = ("address", "knowledge_base__name")
    search_help_text = "Address or knowledge base"
    change_form_outer_before_template = "nexod/knowledge/sitemap_head.html"
    fields = ("address", "base", "state", "reason", "pages", "left_out", "visibility", "about", "added_by", "read")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let editors delete."""
        return may(request, "agents.delete_sitemap")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count along the pages that the person may read."""
        seen = Q(documents__in=readable_by(reader_of(actor_of(request)), Document.objects.all()))
        busy, failed = (seen & Q(documents__status__in=found) for found in (_OPEN, (Document.Status.FAILED,)))
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(
            pages_all=Count("documents", seen),
            pages_busy=Count("documents", busy),
            pages_failed=Count("documents", failed),
        )
        return counted

    @display(description="Knowledge base", ordering="knowledge_base__name")
    def base(self, sitemap: Sitemap) -> str:
        """Link to the knowledge base."""
        address = reverse("admin:agents_knowledgebase_change", args=(sitemap.knowledge_base_id,))
        return format_html('<a class="nx-link" href="{}">{}</a>', address, sitemap.knowledge_base)

    @display(description="State", ordering="status")
    def state(self, sitemap: Any) -> str:
        """Show whether it was read, and whether its pages are."""
        if sitemap.status == Sitemap.Status.READY and sitemap.pages_busy:
            return states.chip("processing", text=f"{sitemap.pages_busy:,} of {sitemap.pages_all:,} to read")
        return states.chip(sitemap.status)

    @display(description="Reason")
    def reason(self, sitemap: Sitemap) -> str:
        """Show why it failed."""
        return str((sitemap.error or {}).get("message", "—"))

    @display(description="Pages")
    def pages(self, sitemap: Any) -> str:
        """Link to its documents."""
        address = f"{reverse('admin:agents_document_changelist')}?sitemap__id__exact={sitemap.pk}"
        failed = f", {sitemap.pages_failed:,} failed" if sitemap.pages_failed else ""
        return format_html('<a class="nx-link" href="{}">{}{}</a>', address, formats.count(sitemap.pages_all), failed)

    @display(description="Metadata")
    def about(self, sitemap: Sitemap) -> str:
        """Show what each of its pages is said to be about; of closed ones that is theirs to tell."""
        is_open = sitemap.visibility == Document.Visibility.EVERYONE
        return (is_open and lines_of(sitemap.metadata)) or "—"

    @display(description="Read", ordering="read_at")
    def read(self, sitemap: Sitemap) -> str:
        """Show when it was last read."""
        return formats.ago(sitemap.read_at) if sitemap.read_at else "—"

    def delete_model(self, request: HttpRequest, obj: Sitemap) -> None:
        """Delete by the action."""
        delete_sitemap(actor=actor_of(request), sitemap=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Sitemap]) -> None:
        """Delete each by the action."""
        for sitemap in queryset:
            delete_sitemap(actor=actor_of(request), sitemap=sitemap)
