"""API keys in the admin: everybody sees and revokes their own; the key itself is shown once, right after it was made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.records import RecordAdmin, RefusableForm
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError
from tenants.accounts.actions.api_keys import issue_api_key, revoke_api_key
from tenants.accounts.models import ApiKey, User
from tenants.accounts.models.api_key import SCOPES

WHAT_SCOPES_ALLOW = {
    "read": "read: see everything that the person may see",
    "write": "write: define agents, crews, workflows, knowledge",
    "run": "run: start, cancel and resume runs",
    "approve": "approve: decide approvals",
}
LIFETIMES = (("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("0", "Never"))


class ApiKeyForm(RefusableForm):
    """What a new key is for."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, WHAT_SCOPES_ALLOW[scope]) for scope in SCOPES],
        initial=["read", "run"],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="A key never allows more than its person's role.",
    )

    days = forms.ChoiceField(label="Expires", choices=LIFETIMES, initial="90", widget=UnfoldAdminSelectWidget())

    class Meta:
        model = ApiKey
        fields = ("name", "user", "scopes")

    def expires_at(self) -> datetime | None:
        """Return when the key ends, None for never."""
        days = int(self.cleaned_data["days"])
        return timezone.now() + timedelta(days=days) if days else None


@admin.register(ApiKey, site=tenant_site)
class ApiKeyAdmin(RecordAdmin):
    """Keys with which programs act as a person."""

    icon = "key"
    empty_hint = "A program uses a key as a person would use a password, within the scopes that you give it."
    form = ApiKeyForm
    list_display = ("key", "acts_as", "scopes_shown", "state", "expires", "used")
    list_display_links = ("key",)
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__email")
    search_help_text = "Name, beginning of the key or person"
    add_fieldsets = ((None, {"fields": ("name", "user", "scopes", "days")}),)
    fieldsets = ((None, {"fields": ("name", "beginning", "acts_as", "scopes_shown", "state", "expires", "used")}),)
    change_form_outer_before_template = "nexod/accounts/key_head.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Show people their own keys, and all to who may see all."""
        keys = super().get_queryset(request)
        return keys if may(request, "accounts.view_apikey") else keys.filter(user_id=request.user.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let everybody in: keys of one's own are everybody's business."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let everybody see what ``get_queryset`` gives."""
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody make keys of their own."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a key is revoked, not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a key is revoked, not deleted."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the person only, or everybody to who may make keys for others."""
        if db_field.name == "user":
            people = User.objects.filter(is_active=True)
            allowed = may(request, "accounts.add_apikey")
            kwargs["queryset"] = people if allowed else people.filter(pk=actor_of(request).pk)
            kwargs["initial"] = request.user.pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose a person, without a way to change or add one here."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return field

    @display(description="Key", ordering="name", header=True)
    def key(self, row: ApiKey) -> list[str]:
        """Show the name over the beginning of the key."""
        return [row.name, f"{row.prefix}…"]

    @display(description="Begins with")
    def beginning(self, row: ApiKey) -> str:
        """Show as much of the key as is stored."""
        return f"{row.prefix}…"

    @display(description="Acts as", ordering="user__email")
    def acts_as(self, row: ApiKey) -> str:
        """Show the person."""
        return str(row.user)

    @display(description="Scopes")
    def scopes_shown(self, row: ApiKey) -> str:
        """Show what it allows."""
        return ", ".join(row.scopes)

    @display(description="State")
    def state(self, row: ApiKey) -> str:
        """Show whether it still works."""
        expired = row.expires_at is not None and row.expires_at <= timezone.now()
        return states.chip("revoked" if row.revoked_at else "expired" if expired else "usable")

    @display(description="Expires", ordering="expires_at")
    def expires(self, row: ApiKey) -> str:
        """Show until when it works."""
        return formats.ago(row.expires_at) if row.expires_at else "Never"

    @display(description="Last used", ordering="last_used_at")
    def used(self, row: ApiKey) -> str:
        """Show when it was last used."""
        return formats.ago(row.last_used_at)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> ApiKey:
        """Issue by the action and keep the key for the one page that shows it."""
        given = {name: form.cleaned_data[name] for name in ("name", "user", "scopes")}
        row, key = issue_api_key(actor=actor_of(request), expires_at=form.expires_at(), **given)
        request._issued_key = key  # type: ignore[attr-defined]
        return row

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key this once."""
        context = {"title": "Your new key", "key": request._issued_key, "row": obj, "opts": self.opts}  # type: ignore[attr-defined]
        return tenant_site.render(request, "nexod/accounts/key_issued.html", context)


@tenant_site.page("accounts/apikey/<uuid:key_id>/revoke/", "revoke_key")
@require_POST
def revoke(request: HttpRequest, key_id: Any) -> HttpResponse:
    """Make the key worthless."""
    row = get_object_or_404(ApiKey.objects.select_related("user"), pk=key_id)
    try:
        revoke_api_key(actor=actor_of(request), api_key=row)
    except NexodError as error:
        tell(request, error)
    else:
        tenant_site._registry[ApiKey].log_change(request, row, "Revoked.")
        messages.success(request, format_html("The key <b>{}</b> does not work any more.", row.name))
    return HttpResponseRedirect(reverse("admin:accounts_apikey_changelist"))
