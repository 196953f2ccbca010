"""Knowledge bases in the admin: the place where documents are dropped and watched."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display

from agents.actions.knowledge import create_knowledge_base, delete_knowledge_base, update_knowledge_base
from agents.admin.uploads import panel
from agents.models import Document, KnowledgeBase
from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of, row_id
from nexod.admin.records import SluggedAdmin


@admin.register(KnowledgeBase, site=tenant_site)
class KnowledgeBaseAdmin(SluggedAdmin):
    """Named collections of documents that agents may look things up in."""

    icon = "menu_book"
    empty_hint = "A knowledge base holds documents that agents cite. Make one, then drop files onto its page."
    list_display = ("title", "description", "documents_shown", "state")
    list_display_links = ("title",)
    search_fields = ("name", "slug", "description")
    search_help_text = "Name, slug or description"
    fieldsets = ((None, {"fields": ("name", "slug", "description")}),)
    change_form_outer_after_template = "nexod/knowledge/panel.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the documents along."""
        busy = Q(documents__status__in=(Document.Status.PENDING, Document.Status.PROCESSING))
        failed = Q(documents__status=Document.Status.FAILED)
        counts = {"all": Count("documents"), "busy": Count("documents", busy), "failed": Count("documents", failed)}
        rows: QuerySet[Any] = (
            super().get_queryset(request).annotate(**{f"documents_{name}": count for name, count in counts.items()})
        )
        return rows

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the documents below the form."""
        shown = panel(request, row_id(object_id)) if request.method == "GET" else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def response_add(
        self, request: HttpRequest, obj: KnowledgeBase, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to the page where documents are dropped."""
        if "_addanother" not in request.POST and "_popup" not in request.POST:
            return HttpResponseRedirect(reverse("admin:agents_knowledgebase_change", args=(obj.pk,)))
        return super().response_add(request, obj, post_url_continue)  # type: ignore[no-any-return]

    @display(description="Knowledge base", ordering="name", header=True)
    def title(self, base: KnowledgeBase) -> list[str]:
        """Show the name over the slug."""
        return [base.name, base.slug]

    @display(description="Documents", ordering="documents_all")
    def documents_shown(self, base: Any) -> int:
        """Show how many documents it has."""
        return int(base.documents_all)

    @display(description="State")
    def state(self, base: Any) -> str:
        """Show whether documents are being read, or could not be."""
        if base.documents_busy:
            return states.chip("processing", text=f"{base.documents_busy} in work")
        if base.documents_failed:
            return states.chip("failed", text=f"{base.documents_failed} failed")
        return states.chip("ready") if base.documents_all else states.chip("pending", text="Empty")

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> KnowledgeBase:
        """Store by the actions."""
        values = {name: form.cleaned_data[name] for name in ("name", "description")}
        if original:
            return update_knowledge_base(actor=actor_of(request), knowledge_base=original, **values)
        return create_knowledge_base(actor=actor_of(request), slug=form.cleaned_data.get("slug", ""), **values)

    def remove(self, request: HttpRequest, obj: KnowledgeBase) -> None:
        """Delete by the action."""
        delete_knowledge_base(actor=actor_of(request), knowledge_base=obj)
