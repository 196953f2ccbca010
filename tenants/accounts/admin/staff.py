"""The platform's staff, on the staff site: administrators, who may change things, and observers, who read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from nexod.admin import formats, staff_site, states
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin, RefusableForm
from nexod.admin.staff_access import StaffAccess
from tenants.accounts.actions.staff import create_staff, update_staff
from tenants.accounts.models import User


class StaffForm(RefusableForm):
    """A member's name, password and access."""

    password = forms.CharField(
        required=False, strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    )
    is_superuser = forms.BooleanField(
        label="Administrator", required=False, widget=UnfoldBooleanSwitchWidget(), help_text="Others read only."
    )

    class Meta:
        model = User
        fields = ("email", "full_name", "is_superuser", "is_active")
        labels = {"is_active": "May log in"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            new = self.instance._state.adding
            self.fields["password"].required = new
            self.fields["password"].help_text = "" if new else "Leave it empty to keep the present one."

    def clean_email(self) -> str:
        """Write the address as it is stored."""
        return str(self.cleaned_data["email"]).strip().lower()


@admin.register(User, site=staff_site)
class StaffAdmin(StaffAccess, RecordAdmin):
    """Who runs the platform."""

    icon = "badge"
    noun, nouns = "member of the staff", "staff"
    form = StaffForm
    list_display = ("member", "rank", "access", "last_seen")
    list_display_links = ("member",)
    search_fields = ("email", "full_name")
    search_help_text = "Name or e-mail address"
    add_fieldsets = ((None, {"fields": ("email", "full_name", "password", "is_superuser")}),)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show no field for a password to observers."""
        if obj is None:
            return self.add_fieldsets
        password = ("password",) if self.has_change_permission(request, obj) else ()
        return ((None, {"fields": ("email", "full_name", *password, "is_superuser", "is_active", "last_seen")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Keep the address of a known member."""
        return ("email", "last_seen") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: access is taken away instead."""
        return False

    @display(description="Member", ordering="email", header=True)
    def member(self, user: User) -> list[str]:
        """Show the name over the address."""
        return [user.full_name or user.email, user.email]

    @display(description="Rank", ordering="is_superuser")
    def rank(self, user: User) -> str:
        """Show what the member may do."""
        return "Administrator" if user.is_superuser else "Observer"

    @display(description="Access", ordering="is_active")
    def access(self, user: User) -> str:
        """Show whether the member may come in."""
        return states.chip("active" if user.is_active else "revoked", text="Active" if user.is_active else "No access")

    @display(description="Last seen", ordering="last_login")
    def last_seen(self, user: User) -> str:
        """Show when the member last logged in."""
        return formats.ago(user.last_login)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> User:
        """Store by the actions."""
        given, actor = form.cleaned_data, actor_of(request)
        name, rank = given["full_name"], given["is_superuser"]
        if original is None:
            address, password = given["email"], given["password"]
            return create_staff(actor=actor, email=address, full_name=name, password=password, administrator=rank)
        active, password = given["is_active"], given["password"]
        return update_staff(
            actor=actor, user=original, full_name=name, administrator=rank, is_active=active, password=password
        )
