"""What a document is about beside its text, a line each: searches are narrowed by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.actions.document_metadata import update_document
from agents.knowledge.metadata import RULE, is_sound
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.kernel.errors import PermissionDenied


class MetadataForm(forms.Form):
    """Lines of ``name: text``; a name of several lines has all of their texts."""

    lines = forms.CharField(
        required=False, label="Metadata, one a line", max_length=50_000,
        widget=forms.Textarea({"rows": 8, "class": "nx-input", "spellcheck": "false", "placeholder": "author: Ada"}),
    )  # fmt: skip

    def clean_lines(self) -> dict[str, Any]:
        """Return the metadata that the lines say."""
        found: dict[str, Any] = {}
        for line in filter(str.strip, self.cleaned_data["lines"].splitlines()):
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not (name and colon):
                raise forms.ValidationError(
                    "%(line)s: a line is a name, a colon and a text.", params={"line": line[:60]}
                )
            found[name] = [*_texts(found[name]), text] if name in found else text
        if not is_sound(found):
            raise forms.ValidationError(RULE)
        return found


@tenant_site.page("agents/document/<uuid:document_id>/metadata/", "document_metadata")
@require_http_methods(["GET", "POST"])
def metadata(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show it; change it from the next search on."""
    if not may(request, "agents.change_document"):
        raise PermissionDenied
    actor = actor_of(request)
    document = get_object_or_404(readable_by(reader_of(actor), Document.objects.all()), pk=document_id)
    form = MetadataForm(request.POST if request.method == "POST" else None, initial={"lines": shown(document)})
    if request.method == "POST" and form.is_valid():
        update_document(actor=actor, document=document, metadata=form.cleaned_data["lines"])
        messages.success(request, "From the next search on, it is found by this metadata.")
        return HttpResponseRedirect(reverse("admin:agents_document_change", args=(document.pk,)))
    page = {"title": f"Metadata of {document}", "form": form, "opts": document._meta, "original": document}
    return tenant_site.render(request, "nexod/knowledge/metadata.html", page)


def shown(document: Document) -> str:
    """Return the document's metadata, a line each."""
    return "\n".join(f"{name}: {text}" for name, value in document.metadata.items() for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        yield str(one).lower() if isinstance(one, bool) else str(one)
