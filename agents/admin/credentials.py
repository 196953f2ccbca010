"""Credentials in the admin. A secret is written here and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.timesince import timesince
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from agents.actions.credentials import USE, create_credential, delete_credential, update_credential
from agents.credentials.kinds import KINDS, LONGEST, setting_problems
from agents.credentials.uses import uses_of
from agents.models import Credential
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.fields import LinesField, SecretField
from nexod.admin.records import RefusableForm, SluggedAdmin

FIELDS = ("name", "description", "kind", "hosts")
SETTINGS = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.settings))
STORED = "A secret is stored: leave this empty to keep it. A new one is used at once, the former for a day where it is refused."
NEW = "The token, password, value or client secret. Stored encrypted, never shown again."


def _setting_fields() -> dict[str, forms.CharField]:
    parts = {name: part for kind in KINDS.values() for name, part in kind.settings.items()}
    return {
        name: forms.CharField(
            label=part["title"], required=False, max_length=part["maxLength"], help_text=part.get("description", ""),
            strip=name != "prefix", widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false", "autocomplete": "off"}),
        )
        for name, part in parts.items()
    }  # fmt: skip


class CredentialForm(RefusableForm):
    """The credential's fields, what its kind needs, and a secret that can be replaced or removed."""

    locals().update(_setting_fields())
    hosts = LinesField(
        label="Hosts",
        required=True,
        help_text="One per line. It is sent to these only, by https: api.example.com, *.example.com, api.example.com:8443.",
    )
    secret = SecretField(label="Secret", max_length=LONGEST)
    forget_former_secret = forms.BooleanField(
        label="Forget the former secret",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="It is tried where the present one is refused.",
    )
    remove_secret = forms.BooleanField(label="Remove the stored secret", required=False, widget=UnfoldBooleanWidget())

    class Meta:
        model = Credential
        fields = ("slug", *FIELDS)
        labels = {"kind": "Sent as"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = bool(self.instance.pk and self.instance.has_secret)
        for name, value in (self.instance.settings or {}).items():
            self.initial[name] = value
        if "kind" in self.fields and self.instance.pk and not self.instance._state.adding:
            self.fields["kind"].disabled = True  # with another kind the secret would be something else
        if "secret" in self.fields:
            self.fields["secret"].help_text = STORED if stored else NEW
        if not stored:
            self.fields.pop("remove_secret", None)
        if not self.instance.has_former_secret:
            self.fields.pop("forget_former_secret", None)

    def clean(self) -> dict[str, Any] | None:
        """Say at its field what the kind needs or does not take."""
        cleaned = super().clean()
        kind = self.cleaned_data.get("kind") or self.instance.kind
        if SETTINGS[0] in self.fields or KINDS[kind].settings.keys() & self.fields.keys():
            for wrong in setting_problems(kind, self.settings(kind)):
                self.add_error(wrong["field"] if wrong["field"] in self.fields else None, wrong["message"])
        return cleaned

    def settings(self, kind: str) -> dict[str, str]:
        """Return what was given of that which the kind takes."""
        return {name: self.cleaned_data[name] for name in KINDS[kind].settings if self.cleaned_data.get(name)}

    def given_secret(self) -> str | None:
        """Return the new secret, an empty one to remove it, None to keep what is stored."""
        if self.cleaned_data.get("remove_secret"):
            return ""
        return self.cleaned_data.get("secret") or None


@admin.register(Credential, site=tenant_site)
class CredentialAdmin(SluggedAdmin):
    """What proves to other services who asks."""

    icon = "key"
    empty_hint = "Store a token once: workflows and agents name it, nobody sees it, and it goes to its own hosts only."
    form = CredentialForm
    change_form_template = "nexod/agents/credential.html"
    list_display = ("title", "sent_as", "sent_to", "secret_stored", "used")
    list_display_links = ("title",)
    list_filter = ("kind",)
    search_fields = ("name", "slug", "description")
    search_help_text = "Name, slug or description"
    conditional_fields = {
        name: " || ".join(f"kind == '{kind}'" for kind, known in KINDS.items() if name in known.settings)
        for name in SETTINGS
    }

    def get_fieldsets(self, request: HttpRequest, obj: Credential | None = None) -> Any:
        """Offer to write the secret to who may, and to remove or forget one only where there is one."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        settings = tuple(KINDS[obj.kind].settings) if obj else SETTINGS
        secret = _secret_fields(obj) if may_write else ()
        return (
            (None, {"fields": ("name", "slug", "description")}),
            ("Secret", {"fields": ("kind", *(settings if may_write else ()), *secret)}),
            ("Where it goes", {"fields": ("hosts",)}),
        )

    @display(description="Credential", ordering="name", header=True)
    def title(self, credential: Credential) -> list[str]:
        """Show the name over the slug."""
        return [credential.name, credential.slug]

    @display(description="Sent as", ordering="kind")
    def sent_as(self, credential: Credential) -> str:
        """Show how a request carries it."""
        return str(credential.get_kind_display())

    @display(description="Sent to")
    def sent_to(self, credential: Credential) -> str:
        """Show the first hosts."""
        hosts = credential.hosts
        return ", ".join(hosts[:2]) + (f" +{len(hosts) - 2}" if len(hosts) > 2 else "")

    @display(description="Secret", boolean=True)
    def secret_stored(self, credential: Credential) -> bool:
        """Show whether a secret is stored."""
        return credential.has_secret

    @display(description="Last used", ordering="last_used_at")
    def used(self, credential: Credential) -> str:
        """Show how long ago it was last sent."""
        return f"{timesince(credential.last_used_at, depth=1)} ago" if credential.last_used_at else "never"

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Credential:
        """Store by the actions."""
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        values["settings"] = form.settings(original.kind if original else values["kind"])
        actor, secret = actor_of(request), form.given_secret()
        if original:
            forget = bool(form.cleaned_data.get("forget_former_secret"))
            return update_credential(
                actor=actor, credential=original, secret=secret, forget_former_secret=forget, **values
            )
        return create_credential(actor=actor, slug=form.cleaned_data.get("slug", ""), secret=secret or "", **values)

    def remove(self, request: HttpRequest, obj: Credential) -> None:
        """Delete by the action."""
        delete_credential(actor=actor_of(request), credential=obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show where it is used, and offer to test it to who may use it."""
        row = self.get_object(request, object_id) if object_id else None
        more = {"may_test": may(request, USE), "uses": uses_of(row.slug) if row else []}
        return super().changeform_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Leave it to the action, which also tells what comes over the API."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Leave it to the action."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Leave it to the action."""


def _secret_fields(credential: Credential | None) -> tuple[str, ...]:
    if credential is None or not credential.has_secret:
        return ("secret",)
    return ("secret", *(("forget_former_secret",) if credential.has_former_secret else ()), "remove_secret")
