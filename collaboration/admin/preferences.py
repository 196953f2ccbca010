"""The page "My notifications": what one is told, where, and when not."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from collaboration.actions.preferences import Choice, choices_of, choose, hours_of, set_hours
from collaboration.models import NotificationHours, NotificationPreference
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.refusals import problems
from nexod.kernel.errors import InvalidInput

Email = NotificationPreference.Email


class _TimeInput(forms.TimeInput):
    input_type = "time"


class HoursForm(forms.Form):
    """When one is left alone."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        widget=UnfoldAdminSelectWidget(),
    )
    quiet_from = forms.TimeField(
        required=False,
        label="Quiet from",
        widget=_TimeInput(format="%H:%M", attrs={"class": "nx-input nx-auto"}),
    )
    quiet_until = forms.TimeField(
        required=False,
        label="Quiet until",
        help_text="E-mails of these hours are sent together when they end.",
        widget=_TimeInput(format="%H:%M", attrs={"class": "nx-input nx-auto"}),
    )
    daily_at = forms.TimeField(
        label="Daily digest at", widget=_TimeInput(format="%H:%M", attrs={"class": "nx-input nx-auto"})
    )


@tenant_site.page("collaboration/notification/mine/", "my_notifications")
def my_notifications(request: HttpRequest) -> HttpResponse:
    """Show the choices, or store them and come back."""
    actor = actor_of(request)
    form = HoursForm(request.POST or None, initial=_initial(hours_of(actor)))
    if request.method == "POST" and form.is_valid():
        try:
            set_hours(actor=actor, **form.cleaned_data)
            choose(actor=actor, choices={one.kind.name: _chosen(request, one) for one in choices_of(actor)})
        except InvalidInput as error:
            for field, message in problems(error):
                form.add_error(field if field in form.fields else None, message)
        else:
            messages.success(request, "Your choices hold from now on.")
            return HttpResponseRedirect(reverse("admin:my_notifications"))
    page = {"title": "My notifications", "form": form, "choices": choices_of(actor), "emails": Email.choices}
    return tenant_site.render(request, "nexod/notifications/mine.html", page)


def _initial(hours: NotificationHours) -> dict[str, Any]:
    return {name: getattr(hours, name) for name in ("time_zone", "quiet_from", "quiet_until", "daily_at")}


def _chosen(request: HttpRequest, choice: Choice) -> tuple[bool, str]:
    name = choice.kind.name
    return f"in-{name}" in request.POST, request.POST.get(f"mail-{name}", choice.email)
