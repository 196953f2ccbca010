"""Knowledge bases in the admin: the place where documents are dropped and watched."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agents.actions.knowledge import create_knowledge_base, delete_knowledge_base
from agents.admin.embedding_choice import embedding_connections, name_of
from agents.admin.search_models import with_connections
from agents.admin.together import TogetherAdmin, TogetherForm
from agents.admin.uploads import panel
from agents.content import KNOWLEDGE_FIELDS
from agents.knowledge.options import SCHEMA, how_of
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Chunk, Document, KnowledgeBase
from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of, row_id
from nexod.admin.schema_fields import SchemaField


class KnowledgeBaseForm(TogetherForm):
    """The knowledge base, what embeds it from its first document on, and how searches go about it."""

    connection = forms.ChoiceField(label="Embedding model of", required=False, widget=UnfoldAdminSelectWidget)
    model = forms.CharField(
        label="Model", required=False, max_length=120, widget=UnfoldAdminTextInputWidget(),
        help_text="As the connection's provider calls it, such as text-embedding-3-small; empty for the bundled one.",
    )  # fmt: skip
    retrieval = SchemaField(SCHEMA, label="Searches")

    class Meta:
        model = KnowledgeBase
        fields = ("slug", "name", "description", "retrieval")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "connection" in self.fields:
            field: Any = self.fields["connection"]
            field.choices = embedding_connections()
        if "retrieval" in self.fields:
            searches: Any = self.fields["retrieval"].widget
            shown = self.get_initial_for_field(self.fields["retrieval"], "retrieval")
            searches.schema = with_connections(SCHEMA, shown, self.data, self.add_prefix("retrieval"))

    def clean(self) -> dict[str, Any]:
        """Want a model where there is a connection."""
        given = super().clean() or {}
        if given.get("connection") and not given.get("model", "").strip():
            self.add_error("model", "Name the model that embeds.")
        return given

    def content(self) -> dict[str, Any]:
        """Return the content of the fields that are valid."""
        found = {name: self.cleaned_data[name] for name in KNOWLEDGE_FIELDS if name in self.cleaned_data}
        return found | ({"retrieval": how_of(found["retrieval"])} if "retrieval" in found else {})


@admin.register(KnowledgeBase, site=tenant_site)
class KnowledgeBaseAdmin(TogetherAdmin):
    """Named collections of documents that agents may look things up in."""

    kind = "knowledge"
    icon = "menu_book"
    empty_hint = "A knowledge base holds documents that agents cite. Make one, then drop files onto its page."
    list_display = ("title", "description", "documents_shown", "state")
    list_display_links = ("title",)
    search_fields = ("name", "slug", "description")
    search_help_text = "Name, slug or description"
    form = KnowledgeBaseForm
    change_form_template = "nexod/knowledge/editor.html"
    change_form_outer_after_template = "nexod/knowledge/panel.html"

    def get_fieldsets(self, request: HttpRequest, obj: KnowledgeBase | None = None) -> Any:
        """Offer the choice of a model to a new one; later on the page of its vectors changes it."""
        first = ("name", "slug", "description", *(() if obj else ("connection", "model")))
        return ((None, {"fields": first}), ("How searches go about it", {"fields": ("retrieval",)}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count along the documents that the person may read."""
        seen = Q(documents__in=readable_by(reader_of(actor_of(request)), Document.objects.all()))
        busy = seen & Q(documents__status__in=(Document.Status.PENDING, Document.Status.PROCESSING))
        failed = seen & Q(documents__status=Document.Status.FAILED)
        found = {"all": seen, "busy": busy, "failed": failed}
        counts = {name: Count("documents", which) for name, which in found.items()}
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

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count in the database: Django would read every chunk to say how many there are."""
        documents, chunks = (model.objects.filter(knowledge_base__in=objs) for model in (Document, Chunk))
        counts = {"knowledge bases": len(objs), "documents": documents.count(), "chunks": chunks.count()}
        return self.named(objs), counts, set(), []

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
        values = form.content()
        if original:
            stored: KnowledgeBase = self.put(request, form, values, original)
            return stored
        values["embedding_model"] = name_of(form.cleaned_data)
        return create_knowledge_base(actor=actor_of(request), slug=form.cleaned_data.get("slug", ""), **values)

    def remove(self, request: HttpRequest, obj: KnowledgeBase) -> None:
        """Delete by the action."""
        delete_knowledge_base(actor=actor_of(request), knowledge_base=obj)
