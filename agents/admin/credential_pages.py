"""Pages beside a credential's form: try it against one of its hosts, give it a new secret."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agents.actions.credentials import USE, rotate_credential, try_credential
from agents.credentials.kinds import KINDS, LONGEST
from agents.models import Credential
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.fields import SecretField
from nexod.admin.refusals import problems
from nexod.kernel.errors import InvalidInput, PermissionDenied

CHANGE = "agents.change_credential"
OVERLAPS = [
    ("86400", "For a day yet"), ("3600", "For an hour yet"), ("604800", "For a week yet"), ("0", "No longer"),
]  # fmt: skip


class TrialForm(forms.Form):
    """Where it is tried."""

    url = forms.URLField(
        label="Address",
        max_length=4_000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "url", "spellcheck": "false"}),
        help_text="On one of its hosts; it is asked for by GET. Only the status of the answer is shown.",
    )


class RotationForm(forms.Form):
    """A secret that takes over."""

    secret = SecretField(label="New secret", required=True, max_length=LONGEST)
    keep_former_s = forms.TypedChoiceField(
        label="Where a service refuses it, the former one is tried",
        coerce=int,
        choices=OVERLAPS,
        widget=UnfoldAdminSelectWidget(),
    )


@tenant_site.page("agents/credential/<uuid:credential_id>/test/", "credential_test")
def test(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    """Ask where, and say what came of it."""
    credential = _found(request, credential_id, USE)
    first = next((host for host in credential.hosts if "*" not in host), "")
    form = TrialForm(request.POST or None, initial={"url": _address(first)})
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            trial = try_credential(actor=actor_of(request), credential=credential, url=form.cleaned_data["url"])
        except InvalidInput as error:
            _refuse(form, error)
    return _page(request, "credential_test", credential, f"Test of {credential.name}", form=form, trial=trial)


@tenant_site.page("agents/credential/<uuid:credential_id>/rotate/", "credential_rotate")
def rotate(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    """Ask for the new secret, and let it take over."""
    credential = _found(request, credential_id, CHANGE)
    form = RotationForm(request.POST or None)
    form.fields["secret"].label = f"New {KINDS[credential.kind].secret.lower()}"
    if request.method == "POST" and form.is_valid():
        try:
            rotate_credential(actor=actor_of(request), credential=credential, **form.cleaned_data)
        except InvalidInput as error:
            _refuse(form, error)
        else:
            messages.success(request, "The new secret is used from now on, also by runs that are at work.")
            return redirect("admin:agents_credential_change", credential.pk)
    return _page(request, "credential_rotate", credential, f"Rotate {credential.name}", form=form)


def _found(request: HttpRequest, credential_id: UUID, permission: str) -> Credential:
    if not may(request, permission):
        raise PermissionDenied
    return get_object_or_404(Credential, pk=credential_id)


def _address(host: str) -> str:
    return host if host.startswith("http") else f"https://{host}/" if host else ""


def _refuse(form: forms.Form, error: InvalidInput) -> None:
    for field, message in problems(error):
        form.add_error(field if field in form.fields else None, message)


def _page(request: HttpRequest, name: str, credential: Credential, title: str, **more: Any) -> HttpResponse:
    page = {"title": title, "credential": credential, "opts": credential._meta, "original": credential, **more}
    return tenant_site.render(request, f"nexod/agents/{name}.html", page)
