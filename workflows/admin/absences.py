"""Absences in the admin: who is away, and who decides meanwhile."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.records import RecordAdmin
from tenants.accounts.models import User
from workflows.actions.absences import CHANGE_PEOPLE, change_absence, delete_absence, set_absence
from workflows.models import Absence

LABELS = {"user": "Who is away", "stand_in": "Who stands in", "from_at": "From", "until_at": "Until"}


@admin.register(Absence, site=tenant_site)
class AbsenceAdmin(RecordAdmin):
    """People who are away; whoever may change people says so for anybody, others for themselves."""

    icon = "beach_access"
    noun, nouns = "absence", "absences"
    empty_hint = "While somebody is away, a stand-in decides the approvals that wait for them."
    fields = ("user", "stand_in", "from_at", "until_at")
    list_display = ("who", "instead", "since", "until")
    list_select_related = ("user", "stand_in")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer active people, and nobody but oneself as who is away to whoever may not change people."""
        people: QuerySet[User] = User.objects.filter(is_active=True).order_by("email")
        if db_field.name == "user" and not may(request, CHANGE_PEOPLE):
            people = people.filter(pk=actor_of(request).pk)
        return super().formfield_for_foreignkey(db_field, request, queryset=people, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Call the fields as the list does; an absence may have no end yet."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LABELS:
            field.label = LABELS[db_field.name]
        if field is not None and db_field.name == "until_at":
            field.required = field.widget.is_required = False
        return field

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show whose absence it is, once it is one."""
        return ("whose", *self.fields[1:]) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep whose absence it is."""
        return ("whose",) if obj else ()

    @display(description="Who is away")
    def whose(self, absence: Absence) -> str:
        """Show who is away."""
        return str(absence.user)

    @display(description="Away", ordering="user__email")
    def who(self, absence: Absence) -> str:
        """Show who is away."""
        return str(absence.user)

    @display(description="Stands in")
    def instead(self, absence: Absence) -> str:
        """Show who decides meanwhile."""
        return str(absence.stand_in)

    @display(description="From", ordering="from_at")
    def since(self, absence: Absence) -> str:
        """Show since when."""
        return formats.ago(absence.from_at)

    @display(description="Until", ordering="until_at")
    def until(self, absence: Absence) -> str:
        """Show until when."""
        return formats.ago(absence.until_at) if absence.until_at else states.chip("waiting", text="Until it is deleted")

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Absence:
        """Store by the actions."""
        given, actor = form.cleaned_data, actor_of(request)
        times = {name: given[name] for name in ("stand_in", "from_at", "until_at")}
        if original is None:
            return set_absence(actor=actor, user=given["user"], **times)
        return change_absence(actor=actor, absence=original, **times)

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Delete by the action."""
        delete_absence(actor=actor_of(request), absence=obj)
