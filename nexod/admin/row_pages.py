"""What pages of single rows share: the way back to the row, and the page that shows a row's secret this once."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from nexod.admin.sites import tenant_site


def address_of(row: Model) -> str:
    """Return where the row is changed."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))


def back_to(row: Model) -> HttpResponse:
    """Go to the row's page."""
    return HttpResponseRedirect(address_of(row))


def secret_page(request: HttpRequest, row: Model, secret: str, *, says: str, address: str = "") -> HttpResponse:
    """Show the secret, and the address that it belongs to; ``says`` tells what it is for."""
    context = {
        "title": "The secret",
        "secret": secret,
        "address": address,
        "back": address_of(row),
        "original": row,
        "opts": row._meta,
        "says": says,
    }
    return tenant_site.render(request, "nexod/secret.html", context)
