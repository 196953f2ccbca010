"""A new tenant: the form that asks for it, and the page that shows how far it is."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_GET
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from nexod.admin import staff_site
from nexod.admin.actors import actor_of
from nexod.admin.refusals import problems
from nexod.admin.staff_access import require_administrator
from nexod.kernel.errors import NexodError
from tenants.actions.requests import find_request, request_tenant
from tenants.models import Plan, Tenant


class TenantForm(forms.Form):
    """What a new tenant needs: a name, a host, a plan and its first owner."""

    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget())
    slug = forms.SlugField(
        max_length=40, required=False, widget=UnfoldAdminTextInputWidget(), help_text="Empty: made from the name."
    )
    domain = forms.CharField(
        max_length=253,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The host that leads to it, such as acme.example.com.",
    )
    plan = forms.ModelChoiceField(Plan.objects.all(), empty_label=None, widget=UnfoldAdminSelectWidget())
    email = forms.EmailField(label="First owner's e-mail", widget=UnfoldAdminEmailInputWidget())
    full_name = forms.CharField(
        label="First owner's name", max_length=120, required=False, widget=UnfoldAdminTextInputWidget()
    )
    password = forms.CharField(
        label="First owner's password",
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Empty: one is made and shown once, on the next page.",
    )

    def clean_password(self) -> str:
        """Refuse a weak password."""
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password)
        return password

    def clean(self) -> dict[str, Any]:
        """Make a slug of the name where none was given."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        given["slug"] = given.get("slug") or slugify(given.get("name", ""))[:40].strip("-_")
        if not given["slug"] and "name" in given:
            self.add_error("slug", "No slug can be made of this name; give one.")
        return given


@staff_site.page("tenants/tenant/new/", "tenant_new")
def new(request: HttpRequest) -> HttpResponse:
    """Show the form; ask for the tenant, and show how far it is, with its first owner's password this once."""
    require_administrator(request)
    form = TenantForm(request.POST if request.method == "POST" else None)
    page = {"title": "New tenant", "form": form, "opts": Tenant._meta}
    if request.method != "POST" or not form.is_valid():
        return staff_site.render(request, "nexod/staff/new_tenant.html", page)
    given = dict(form.cleaned_data)
    made = "" if given["password"] else secrets.token_urlsafe(12)
    given |= {"plan": given["plan"].slug, "password": given["password"] or made}
    try:
        asked = request_tenant(actor=actor_of(request), **given)
    except NexodError as error:
        for field, message in problems(error):
            form.add_error(field if field in form.fields else None, message)
        return staff_site.render(request, "nexod/staff/new_tenant.html", page)
    shown = {**page, "title": f"Making {asked.name}", "asked": asked, "password": made, "base": _base(request)}
    return staff_site.render(request, "nexod/staff/tenant_asked.html", shown)


@staff_site.page("tenants/tenant/asked/<uuid:request_id>/", "tenant_asked")
@require_GET
def asked(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Answer with how far it is, for the page that watches."""
    return render(
        request, "nexod/staff/tenant_progress.html", {"asked": find_request(request_id), "base": _base(request)}
    )


def _base(request: HttpRequest) -> dict[str, str]:
    """Return scheme and port of this page: in development the tenant's host has the same port."""
    port = request.get_port()
    plain = {"http": "80", "https": "443"}[request.scheme or "http"]
    return {"scheme": request.scheme or "http", "port": f":{port}" if settings.DEBUG and port != plain else ""}
