"""Vector stores outside in the admin. A key is written here and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminURLInputWidget, UnfoldBooleanWidget

from agents.actions.stores import create_store, delete_store, update_store
from agents.models import StoreConnection
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.fields import SecretField
from nexod.admin.records import RefusableForm, SluggedAdmin

FIELDS = ("name", "kind", "address")


class StoreForm(RefusableForm):
    """The connection's fields, and a key that can be replaced or removed."""

    address = forms.URLField(
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget(),
        help_text="Of the index, such as https://docs-1a2b3c.svc.pinecone.io",
    )
    api_key = SecretField(label="API key")
    remove_key = forms.BooleanField(label="Remove the stored key", required=False, widget=UnfoldBooleanWidget())

    class Meta:
        model = StoreConnection
        fields = ("slug", *FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = bool(self.instance.pk and self.instance.has_key)
        if "api_key" in self.fields:
            told = "A key is stored: leave this empty to keep it." if stored else "Stored encrypted, never shown again."
            self.fields["api_key"].help_text = told
        if not stored:
            self.fields.pop("remove_key", None)

    def key(self) -> str | None:
        """Return the new key, an empty one to remove it, None to keep what is stored."""
        if self.cleaned_data.get("remove_key"):
            return ""
        return self.cleaned_data.get("api_key") or None


@admin.register(StoreConnection, site=tenant_site)
class StoreConnectionAdmin(SluggedAdmin):
    """Where vectors can be kept outside of the workspace's own database."""

    icon = "database"
    noun, nouns = "vector store", "vector stores"
    empty_hint = (
        "Vectors are in the workspace's own database. Connect a Pinecone index to keep those of a knowledge base there."
    )
    form = StoreForm
    list_display = ("title", "kind", "key_stored")
    list_display_links = ("title",)
    search_fields = ("name", "slug", "address")
    search_help_text = "Name, slug or address"

    def get_fieldsets(self, request: HttpRequest, obj: StoreConnection | None = None) -> Any:
        """Offer to remove a key only where one is stored."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        removable = ("remove_key",) if obj is not None and obj.has_key else ()
        return (
            (None, {"fields": ("name", "slug", "kind", "address", *(("api_key", *removable) if may_write else ()))}),
        )

    @display(description="Store", ordering="name", header=True)
    def title(self, store: StoreConnection) -> list[str]:
        """Show the name over the address."""
        return [store.name, store.address]

    @display(description="Key", boolean=True)
    def key_stored(self, store: StoreConnection) -> bool:
        """Show whether a key is stored."""
        return store.has_key

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> StoreConnection:
        """Store by the actions."""
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        if original:
            return update_store(actor=actor_of(request), store=original, api_key=form.key(), **values)
        slug = form.cleaned_data.get("slug", "")
        return create_store(actor=actor_of(request), slug=slug, api_key=form.key() or "", **values)

    def remove(self, request: HttpRequest, obj: StoreConnection) -> None:
        """Delete by the action."""
        delete_store(actor=actor_of(request), store=obj)
