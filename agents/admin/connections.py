"""Model connections in the admin. A key is written here and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminURLInputWidget, UnfoldBooleanWidget

from agents.actions.connections import create_connection, delete_connection, update_connection
from agents.models import ModelConnection
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.fields import LinesField, SecretField
from nexod.admin.records import RefusableForm, SluggedAdmin

FIELDS = (
    "name", "provider", "base_url", "model_names", "is_default", "timeout_s", "price_in_usd", "price_out_usd",
)  # fmt: skip


class ConnectionForm(RefusableForm):
    """The connection's fields, its models line by line, and a key that can be replaced or removed."""

    base_url = forms.URLField(
        label="Address",
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget(),
        help_text="Such as https://api.openai.com/v1. Empty: the platform's own model.",
    )
    model_names = LinesField(
        label="Models", help_text="One per line, as the provider calls them. The first is the default."
    )
    api_key = SecretField(label="API key")
    remove_key = forms.BooleanField(label="Remove the stored key", required=False, widget=UnfoldBooleanWidget())

    class Meta:
        model = ModelConnection
        fields = ("slug", *FIELDS)
        labels = {"is_default": "The workspace's default", "timeout_s": "Timeout in seconds"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = bool(self.instance.pk and self.instance.has_key)
        if "api_key" in self.fields:
            hint = "A key is stored. Leave this empty to keep it." if stored else "Stored encrypted, never shown again."
            self.fields["api_key"].help_text = hint
        if not stored:
            self.fields.pop("remove_key", None)

    def key(self) -> str | None:
        """Return the new key, an empty one to remove it, None to keep what is stored."""
        if self.cleaned_data.get("remove_key"):
            return ""
        return self.cleaned_data.get("api_key") or None


@admin.register(ModelConnection, site=tenant_site)
class ModelConnectionAdmin(SluggedAdmin):
    """Where models are reached, with which key, at what price."""

    icon = "hub"
    empty_hint = "Connect an OpenAI-compatible endpoint: an address, a key, the names of its models."
    form = ConnectionForm
    list_display = ("title", "provider_name", "models", "key_stored", "default", "agent_count")
    list_display_links = ("title",)
    search_fields = ("name", "slug", "base_url")
    search_help_text = "Name, slug or address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the agents along."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(agents_count=Count("agents"))
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: ModelConnection | None = None) -> Any:
        """Offer to remove a key only where one is stored."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        key = () if not may_write else ("api_key", "remove_key") if obj and obj.has_key else ("api_key",)
        return (
            (None, {"fields": ("name", "slug", "is_default")}),
            ("Endpoint", {"fields": ("provider", "base_url", *key, "model_names", "timeout_s")}),
            (
                "Price",
                {"fields": (("price_in_usd", "price_out_usd"),), "description": "Used to count the cost of each run."},
            ),
        )

    @display(description="Connection", ordering="name", header=True)
    def title(self, connection: ModelConnection) -> list[str]:
        """Show the name over the address."""
        return [connection.name, connection.base_url or "the platform's own model"]

    @display(description="Provider", ordering="provider")
    def provider_name(self, connection: ModelConnection) -> str:
        """Show who answers."""
        return str(connection.get_provider_display())

    @display(description="Models")
    def models(self, connection: ModelConnection) -> str:
        """Show the first models."""
        names = connection.model_names
        return ", ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "") or "—"

    @display(description="Key", boolean=True)
    def key_stored(self, connection: ModelConnection) -> bool:
        """Show whether a key is stored."""
        return connection.has_key

    @display(description="Default", boolean=True, ordering="is_default")
    def default(self, connection: ModelConnection) -> bool:
        """Show the workspace's default."""
        return connection.is_default

    @display(description="Agents", ordering="agents_count")
    def agent_count(self, connection: Any) -> int:
        """Show how many agents use it by name."""
        return int(connection.agents_count)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> ModelConnection:
        """Store by the actions."""
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        if original:
            return update_connection(actor=actor_of(request), connection=original, api_key=form.key(), **values)
        slug = form.cleaned_data.get("slug", "")
        if not values["is_default"]:
            values.pop("is_default")  # the first one becomes the default by itself
        return create_connection(actor=actor_of(request), slug=slug, api_key=form.key() or "", **values)

    def remove(self, request: HttpRequest, obj: ModelConnection) -> None:
        """Delete by the action."""
        delete_connection(actor=actor_of(request), connection=obj)
