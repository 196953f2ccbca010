"""Groups in the admin: people who are asked together. The roles are groups too, and are not shown among them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin, RefusableForm
from tenants.accounts.actions.groups import create_group, delete_group, update_group
from tenants.accounts.models import User
from tenants.accounts.roles import ROLES


class GroupForm(RefusableForm):
    """A group's name and its members."""

    members = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True).order_by("email"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="They may decide what the group is asked, whatever their role.",
    )

    class Meta:
        model = Group
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "members" in self.fields:
            self.fields["members"].initial = self.instance.user_set.all()


@admin.register(Group, site=tenant_site)
class GroupAdmin(RecordAdmin):
    """Groups of people that policies of approvals name."""

    icon = "groups"
    noun, nouns = "group", "groups"
    empty_hint = "A group is asked together: name it in the policy of an approval."
    form = GroupForm
    fields = ("name", "members")
    list_display = ("name", "shown_members")
    search_fields = ("name",)
    search_help_text = "Name"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Leave the roles out, and read the members along."""
        return super().get_queryset(request).exclude(name__in=ROLES).prefetch_related("user_set")

    @display(description="Members")
    def shown_members(self, group: Group) -> str:
        """Show who is in it."""
        return ", ".join(sorted(str(user) for user in group.user_set.all())) or "Nobody"

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Group:
        """Store by the actions."""
        given = {"name": form.cleaned_data["name"], "members": list(form.cleaned_data["members"])}
        if original is None:
            return create_group(actor=actor_of(request), **given)
        return update_group(actor=actor_of(request), group=original, **given)

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Delete by the action."""
        delete_group(actor=actor_of(request), group=obj)
