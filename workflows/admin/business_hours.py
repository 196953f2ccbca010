"""Business hours in the admin: one form, a line for each weekday, holidays one a line."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin, RefusableForm
from workflows.actions.business_hours import set_business_hours
from workflows.approvals.hours import DAYS, HoursInvalid, text_of_windows, windows_of_text
from workflows.models import BusinessHours

CLOSED = "Empty: closed."


class HoursForm(RefusableForm):
    """The week as people write it."""

    zone = forms.ChoiceField(label="Time zone", widget=UnfoldAdminSelectWidget())
    holidays_text = forms.CharField(
        label="Holidays",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="One a line, with a name if you like: 2026-12-25 Christmas Day",
    )

    class Meta:
        model = BusinessHours
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hours = self.instance
        if "zone" in self.fields:
            zones = sorted(available_timezones())
            self.fields["zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]
            self.fields["zone"].initial = hours.zone
            lines = (f"{day['date']} {day['name']}".strip() for day in hours.holidays)
            self.fields["holidays_text"].initial = "\n".join(lines)
        for day in DAYS:
            if day in self.fields:
                self.fields[day].initial = text_of_windows(hours.week.get(day, []))

    def clean(self) -> dict[str, Any]:
        """Read the lines; what they mean is checked by the action."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for day in DAYS:
            try:
                found[day] = windows_of_text(found.get(day) or "", day)
            except HoursInvalid as refused:
                self.add_error(day, ValidationError(str(refused)))
        return found

    def given(self) -> dict[str, Any]:
        """Return what the action takes."""
        lines = [line.split(maxsplit=1) for line in self.cleaned_data["holidays_text"].splitlines() if line.strip()]
        return {
            "zone": self.cleaned_data["zone"],
            "week": {day: self.cleaned_data[day] for day in DAYS},
            "holidays": [{"date": line[0], "name": line[1] if len(line) > 1 else ""} for line in lines],
        }


def _day(name: str) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "09:00-12:00, 13:00-17:00"})
    hint = CLOSED if name == DAYS[0] else ""
    return forms.CharField(label=name.capitalize(), required=False, max_length=120, widget=widget, help_text=hint)


WeekForm: type[RefusableForm] = type("WeekForm", (HoursForm,), {day: _day(day) for day in DAYS})


@admin.register(BusinessHours, site=tenant_site)
class BusinessHoursAdmin(RecordAdmin):
    """One row, or none: then it is the usual office."""

    icon = "schedule"
    noun, nouns = "business hours", "business hours"
    empty_hint = "Monday to Friday from nine to five, in UTC, until somebody sets other hours."
    form = WeekForm
    list_display = ("zone_name", "open_hours", "holiday_count")
    list_display_links = ("zone_name",)
    fieldsets = (
        ("Week", {"fields": ("zone", *DAYS)}),
        ("Holidays", {"fields": ("holidays_text",)}),
    )

    @display(description="Time zone")
    def zone_name(self, hours: BusinessHours) -> str:
        """Show the zone, which leads to the form."""
        return hours.zone

    @display(description="Open")
    def open_hours(self, hours: BusinessHours) -> SafeString:
        """Show the open hours of each day that has some."""
        days = ((day[:3].capitalize(), text_of_windows(hours.week.get(day, []))) for day in DAYS)
        return format_html_join(mark_safe("<br>"), "{} {}", ((day, text) for day, text in days if text))

    @display(description="Holidays")
    def holiday_count(self, hours: BusinessHours) -> int:
        """Show how many holidays are known."""
        return len(hours.holidays)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let one be made."""
        return super().has_add_permission(request) and not BusinessHours.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: hours are changed."""
        return False

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> BusinessHours:
        """Store by the action."""
        return set_business_hours(actor=actor_of(request), **form.given())
