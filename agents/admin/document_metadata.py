"""What a document is about beside its text, a line each: searches are narrowed by it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.actions.document_metadata import update_document
from agents.admin.metadata_lines import LONGEST, MetadataWrong, lines_of, metadata_of
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.kernel.errors import PermissionDenied


class MetadataForm(forms.Form):
    """What a document's metadata is to be."""

    lines = forms.CharField(
        required=False, label="Metadata, one a line", max_length=LONGEST,
        widget=forms.Textarea({"rows": 8, "class": "nx-input", "spellcheck": "false", "placeholder": "author: Ada"}),
    )  # fmt: skip

    def clean_lines(self) -> dict[str, Any]:
        """Return the metadata that the lines say."""
        try:
            return metadata_of(self.cleaned_data["lines"])
        except MetadataWrong as error:
            raise forms.ValidationError(error.message) from error


@tenant_site.page("agents/document/<uuid:document_id>/metadata/", "document_metadata")
@require_http_methods(["GET", "POST"])
def metadata(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show it; change it from the next search on."""
    if not may(request, "agents.change_document"):
        raise PermissionDenied
    actor = actor_of(request)
    document = get_object_or_404(readable_by(reader_of(actor), Document.objects.all()), pk=document_id)
    form = MetadataForm(
        request.POST if request.method == "POST" else None, initial={"lines": lines_of(document.metadata)}
    )
    if request.method == "POST" and form.is_valid():
        update_document(actor=actor, document=document, metadata=form.cleaned_data["lines"])
        messages.success(request, "From the next search on, it is found by this metadata.")
        return HttpResponseRedirect(reverse("admin:agents_document_change", args=(document.pk,)))
    page = {"title": f"Metadata of {document}", "form": form, "opts": document._meta, "original": document}
    return tenant_site.render(request, "nexod/knowledge/metadata.html", page)
