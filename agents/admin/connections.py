"""Model connections in the admin. A key is written here and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from unfold.decorators import display
from unfold.widgets import UnfoldAdminURLInputWidget, UnfoldBooleanWidget

from agents.actions.connections import create_connection, delete_connection, update_connection
from agents.llm.connections import is_own
from agents.llm.providers import PROVIDERS
from agents.models import ModelConnection
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.fields import JsonObjectField, LinesField, SecretField
from nexod.admin.records import RefusableForm, SluggedAdmin

LIMITS = ("max_concurrent", "requests_per_minute", "tokens_per_minute")
FIELDS = (
    "name", "provider", "base_url", "options", "model_names", "is_default", "timeout_s", *LIMITS, "cache_s",
    "price_in_usd", "price_out_usd",
)  # fmt: skip
EXAMPLE = '{"top_p": 0.9}'
STORED = "A key is stored: leave this empty to keep it. A new one is used at once, the old one for a day where it is refused."
TAKEN = " ".join(
    f"{kind.title}: {', '.join(setting.name for setting in kind.settings)}."
    for kind in PROVIDERS.values()
    if kind.settings
)


class ConnectionForm(RefusableForm):
    """The connection's fields, its models line by line, and a key that can be replaced or removed."""

    base_url = forms.URLField(
        label="Address",
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget(),
        help_text="Empty: the provider's own. OpenAI-compatible without one: the platform's own model.",
    )
    options = JsonObjectField(rows=3, help_text=mark_safe(f"JSON, such as <code>{EXAMPLE}</code>. {TAKEN}"))  # noqa: S308
    model_names = LinesField(
        label="Models", help_text="One per line, as the provider calls them. The first is the default."
    )
    api_key = SecretField(label="API key")
    forget_former_key = forms.BooleanField(
        label="Forget the former key",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="It is tried where the present one is refused.",
    )
    remove_key = forms.BooleanField(label="Remove the stored key", required=False, widget=UnfoldBooleanWidget())

    class Meta:
        model = ModelConnection
        fields = ("slug", *FIELDS)
        labels = {"is_default": "The workspace's default", "timeout_s": "Timeout in seconds"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = bool(self.instance.pk and self.instance.has_key)
        if "api_key" in self.fields:
            self.fields["api_key"].help_text = STORED if stored else "Stored encrypted, never shown again."
        if "cache_s" in self.fields:
            self.fields["cache_s"].required = False
        if not stored:
            self.fields.pop("remove_key", None)
        if not self.instance.has_former_key:
            self.fields.pop("forget_former_key", None)

    def clean_cache_s(self) -> int:
        """Return the seconds: nothing given is none."""
        return self.cleaned_data["cache_s"] or 0

    def clean_options(self) -> dict[str, Any]:
        """Return an object: nothing given is an empty one."""
        return self.cleaned_data["options"] or {}

    def key(self) -> str | None:
        """Return the new key, an empty one to remove it, None to keep what is stored."""
        if self.cleaned_data.get("remove_key"):
            return ""
        return self.cleaned_data.get("api_key") or None


@admin.register(ModelConnection, site=tenant_site)
class ModelConnectionAdmin(SluggedAdmin):
    """Where models are reached, with which key, at what price."""

    icon = "hub"
    empty_hint = "Connect a provider: its key, the names of its models, and the address where it is yours."
    change_form_template = "nexod/agents/connection.html"
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
        key = _key_fields(obj) if may_write else ()
        return (
            (None, {"fields": ("name", "slug", "is_default")}),
            ("Endpoint", {"fields": ("provider", "base_url", *key, "model_names", "options", "timeout_s")}),
            (
                "Limits",
                {
                    "fields": (LIMITS,),
                    "description": "For all workers together. Who is over them waits, or falls back.",
                },
            ),
            ("Cache", {"fields": ("cache_s",)}),
            (
                "Price",
                {"fields": (("price_in_usd", "price_out_usd"),), "description": "Both 0: the provider's list prices."},
            ),
        )

    @display(description="Connection", ordering="name", header=True)
    def title(self, connection: ModelConnection) -> list[str]:
        """Show the name over the address."""
        own = is_own(connection.provider, connection.base_url)
        return [connection.name, "the platform's own model" if own else connection.base_url or "the provider's address"]

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
            forget = bool(form.cleaned_data.get("forget_former_key"))
            return update_connection(
                actor=actor_of(request), connection=original, api_key=form.key(), forget_former_key=forget, **values
            )
        slug = form.cleaned_data.get("slug", "")
        if not values["is_default"]:
            values.pop("is_default")  # the first one becomes the default by itself
        return create_connection(actor=actor_of(request), slug=slug, api_key=form.key() or "", **values)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Offer to test it to who may change it."""
        more = {"may_test": may(request, "agents.change_modelconnection")}
        return super().changeform_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def remove(self, request: HttpRequest, obj: ModelConnection) -> None:
        """Delete by the action."""
        delete_connection(actor=actor_of(request), connection=obj)


def _key_fields(connection: ModelConnection | None) -> tuple[str, ...]:
    if connection is None or not connection.has_key:
        return ("api_key",)
    return ("api_key", *(("forget_former_key",) if connection.has_former_key else ()), "remove_key")
