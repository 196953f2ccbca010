"""Forgotten passwords, on both sites: ask for a link by e-mail, then set a new password with it. Strangers get the same answer."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import FormView
from django.views.generic.base import ContextMixin
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget

from nexod.admin import staff_site, tenant_site
from nexod.admin.sites import NexodSite
from nexod.admin.tries import ANYBODY, are_too_many, name_of
from nexod.kernel.queue import enqueue, enqueue_platform
from tenants.accounts.actions.passwords import ResetLinkInvalid, reset_password
from tenants.accounts.models import User
from tenants.accounts.resets import tokens
from tenants.entry.hosts import normalised

NEW = "password/new/"
TO_ONE_PERSON, FROM_ONE_ADDRESS = 5, 30


class ForgottenForm(forms.Form):
    """Who forgot; asked for too often, nothing is sent, whether there is such a person or not."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "username", "autofocus": True}),
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean_email(self) -> str:
        """Count the try and return the address as it is stored."""
        email = str(self.cleaned_data["email"]).strip().lower()
        tries = {
            name_of("forgotten", email, ANYBODY): TO_ONE_PERSON,
            name_of("forgotten", ANYBODY, self.address): FROM_ONE_ADDRESS,
        }
        if are_too_many(tries):
            raise ValidationError("Too many tries. Wait a quarter of an hour, then try again.", code="too_many_tries")
        return email


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """The new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})


class _SitePage(ContextMixin):
    """A page of a site for people who are not logged in."""

    site: NexodSite = tenant_site
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the site's frame needs."""
        self.request.current_app = self.site.name
        found = super().get_context_data(**kwargs)
        return {**self.site.each_context(self.request), "login_url": reverse("admin:login"), **found}


class ForgottenPassword(_SitePage, FormView):  # type: ignore[type-arg]
    """Takes an address; a worker finds out whether anybody has it."""

    form_class = ForgottenForm
    template_name = "nexod/accounts/password_forgotten.html"
    extra_context = {"title": "Forgotten your password?"}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add where the request came from."""
        return {**super().get_form_kwargs(), "address": str(self.request.META.get("REMOTE_ADDR", ""))}

    def form_valid(self, form: Any) -> HttpResponse:
        """Let a link be sent and say the same to everybody."""
        page = f"{own_address(self.request)}{reverse('admin:index')}{NEW}"
        email = form.cleaned_data["email"]
        if self.site is staff_site:
            enqueue_platform("accounts.send_reset_link_to_staff", queue="default", email=email, page=page)
        else:
            enqueue("accounts.send_reset_link", email=email, page=page)
        minutes = settings.PASSWORD_RESET_TIMEOUT // 60
        return self.render_to_response(self.get_context_data(form=form, sent_to=email, minutes=minutes))


class NewPassword(_SitePage, PasswordResetConfirmView):
    """Django's page of a link, with our tokens and our action."""

    form_class = NewPasswordForm
    template_name = "nexod/accounts/password_new.html"
    title = "A new password"
    token_generator = tokens

    def get_user(self, uidb64: str) -> User | None:
        """Return the person of the link, None for one without access."""
        found = super().get_user(uidb64)
        return found if isinstance(found, User) and found.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password and say what ended with the former one."""
        token = self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN, "")
        try:
            revoked = reset_password(
                user=cast(User, self.user), token=token, password=form.cleaned_data["new_password1"]
            )
        except ResetLinkInvalid:
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        keys = f", and {revoked} API key{'' if revoked == 1 else 's'} of yours stopped working" if revoked else ""
        messages.success(self.request, f"Your password is changed. You are logged out everywhere{keys}.")
        return HttpResponseRedirect(reverse("admin:login"))


def own_address(request: HttpRequest) -> str:
    """Return ``scheme://host`` for a link in an e-mail: the host is one that the door knows, a port only where we listen."""
    given = request.get_host()
    host = normalised(given)
    port = given.rpartition(":")[2]
    is_ours = port.isdigit() and (settings.DEBUG or port == request.META.get("SERVER_PORT"))
    return f"{request.scheme}://{host}{f':{port}' if is_ours else ''}"


for _site in (tenant_site, staff_site):
    _site.open_page("password/forgotten/", "forgotten_password", ForgottenPassword.as_view(site=_site))
    _site.open_page(f"{NEW}<uidb64>/<token>/", "password_new", NewPassword.as_view(site=_site))
