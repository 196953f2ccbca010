"""The API reference: one page, made on the server from the same document that clients read. No scripts, nothing from elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from nexod.http.outline import groups, prose
from nexod.http.schema import document, urlconf_of


def reference(request: HttpRequest) -> HttpResponse:
    """Show what the host that was asked serves."""
    openapi = document(urlconf_of(request))
    context = {
        "title": openapi["info"]["title"],
        "introduction": prose(openapi["info"].get("description", "")),
        "version": openapi["openapi"],
        "groups": groups(openapi),
        "base": request.build_absolute_uri("/").rstrip("/"),
    }
    response = render(request, "api/reference.html", context)
    patch_cache_control(response, public=True, max_age=60)
    return response
