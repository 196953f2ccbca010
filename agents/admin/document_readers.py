"""Who may read a document, and be answered from it: everyone in the workspace, or the people and groups that are ticked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.actions.readers import set_readers
from agents.knowledge.readers import readable_by, reader_of
from agents.models import Document
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User


class ReadersForm(forms.Form):
    """The choice, and who it is for."""

    visibility = forms.ChoiceField(
        choices=Document.Visibility.choices, widget=forms.RadioSelect, label="Who may read it"
    )
    readers = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="People"
    )
    reader_groups = forms.ModelMultipleChoiceField(
        Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Groups and roles"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["readers"]
        groups: Any = self.fields["reader_groups"]
        people.queryset = User.objects.filter(is_active=True).order_by("email")
        groups.queryset = Group.objects.order_by("name")


@tenant_site.page("agents/document/<uuid:document_id>/readers/", "document_readers")
@require_http_methods(["GET", "POST"])
def readers(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show who may read it; change that from the next search on."""
    if not may(request, "agents.change_document"):
        raise PermissionDenied
    actor = actor_of(request)
    document = get_object_or_404(readable_by(reader_of(actor), Document.objects.all()), pk=document_id)
    initial = {
        "visibility": document.visibility,
        "readers": document.readers.all(),
        "reader_groups": document.reader_groups.all(),
    }
    form = ReadersForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        set_readers(actor=actor, document=document, **form.cleaned_data)
        messages.success(request, "From the next search on, it is read by those who are chosen here.")
        return HttpResponseRedirect(reverse("admin:agents_document_changelist"))
    page = {"title": f"Readers of {document}", "form": form, "opts": document._meta, "original": document}
    return tenant_site.render(request, "nexod/knowledge/readers.html", page)
