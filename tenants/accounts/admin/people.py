"""A tenant's people and their roles. Who may give which role is decided by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminRadioSelectWidget

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin, RefusableForm
from tenants.accounts.actions.users import create_user, is_owner, set_password, update_user
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER, ROLES, VIEWER

WHAT_ROLES_DO = {
    "owner": "Owner: everything, other owners included",
    "admin": "Admin: everything except owners",
    "editor": "Editor: builds and runs, does not approve",
    "approver": "Approver: reads and decides approvals",
    "viewer": "Viewer: reads",
}


class PersonForm(RefusableForm):
    """A person's name, role and access. The address stays as it is once it is known."""

    role = forms.ChoiceField(widget=UnfoldAdminRadioSelectWidget())
    password = forms.CharField(
        required=False, strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    )

    class Meta:
        model = User
        fields = ("email", "full_name", "is_active")
        labels = {"is_active": "May log in"}

    may_make_owners = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = not self.instance._state.adding
        roles = sorted(self.instance.role_names(), key=ROLES.index) if known else []
        if "role" in self.fields:
            self.fields["role"].initial = roles[0] if roles else VIEWER
            offered = [role for role in ROLES if role != OWNER or self.may_make_owners or OWNER in roles]
            self.fields["role"].choices = [(role, WHAT_ROLES_DO[role]) for role in offered]  # type: ignore[attr-defined]
        if "password" in self.fields:
            keeps = "Leave it empty to keep the present one; a new one ends the person's sessions, not the API keys."
            self.fields["password"].help_text = keeps if known else "Empty: nobody can log in with a password."

    def clean_email(self) -> str:
        """Write the address as it is stored."""
        return str(self.cleaned_data["email"]).strip().lower()


@admin.register(User, site=tenant_site)
class PersonAdmin(RecordAdmin):
    """People of the workspace. Access is taken away, not deleted: what a person did keeps its name."""

    icon = "group"
    noun, nouns = "person", "people"
    form = PersonForm
    list_display = ("person", "role", "access", "last_seen")
    list_display_links = ("person",)
    list_filter = ("groups", "is_active")
    search_fields = ("email", "full_name")
    search_help_text = "Name or e-mail address"
    readonly_fields = ("last_seen",)
    change_form_outer_after_template = "nexod/accounts/said.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read the roles along."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show what the person is before what they may do."""
        if obj is None:
            return ((None, {"fields": ("email", "full_name", "password")}), ("Role", {"fields": ("role",)}))
        person = ("email", "full_name", "last_seen")
        changes = self.has_change_permission(request, obj)
        return (
            (None, {"fields": (*person, "password") if changes else person}),
            ("Role and access", {"fields": ("role", "is_active") if changes else ("roles_shown", "is_active")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Keep the address of a known person."""
        return ("email", "last_seen", "roles_shown") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the owner's role to owners only."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"may_make_owners": is_owner(actor_of(request))})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: access is taken away instead."""
        return False

    @display(description="Person", ordering="email", header=True)
    def person(self, user: User) -> list[str]:
        """Show the name over the address."""
        return [user.full_name or user.email, user.email]

    @display(description="Role")
    def role(self, user: User) -> str:
        """Show the role."""
        return _roles(user)

    @display(description="Role")
    def roles_shown(self, user: User) -> str:
        """Show the role, or several where there are."""
        return _roles(user)

    @display(description="Access", ordering="is_active")
    def access(self, user: User) -> str:
        """Show whether the person may come in."""
        return states.chip("active" if user.is_active else "revoked", text="Active" if user.is_active else "No access")

    @display(description="Last seen", ordering="last_login")
    def last_seen(self, user: User) -> str:
        """Show when the person last logged in."""
        return formats.ago(user.last_login)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> User:
        """Store by the actions."""
        values, actor = form.cleaned_data, actor_of(request)
        password = values.get("password") or None
        if original is None:
            address, name = values["email"], values["full_name"]
            return create_user(actor=actor, email=address, role=values["role"], full_name=name, password=password)
        if password:
            set_password(actor=actor, user=original, password=password)
        role = values["role"] if "role" in form.changed_data else None
        return update_user(
            actor=actor, user=original, role=role, is_active=values["is_active"], full_name=values["full_name"]
        )


def _roles(user: User) -> str:
    names = sorted(group.name for group in user.groups.all() if group.name in ROLES)
    return format_html('<span class="nx-role">{}</span>', ", ".join(names).capitalize() or "None")
