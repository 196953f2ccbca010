"""The REST API under /api/v1/: every app's addresses, in one place."""

from __future__ import annotations

from django.urls import include, path

from nexod.http.schema import openapi

urlpatterns = [
    path("schema", openapi, name="schema"),
    path("", include("tenants.accounts.api.urls")),
    path("", include("agents.api.urls")),
    path("", include("workflows.api.urls")),
    path("", include("collaboration.api.urls")),
]
