"""Addresses of a tenant's host: its API, and the admin in which its people work."""

from __future__ import annotations

from django.contrib.admin import autodiscover
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from collaboration.api.stop import stop_page
from nexod.admin import tenant_site
from nexod.http.docs import reference
from nexod.http.fallbacks import unknown_api_path
from workflows.api.callbacks import callback
from workflows.api.hooks import hook
from workflows.links.pages import approval_by_link

# Here and not in an AppConfig, so that workers never import the admin.
autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", tenant_site.urls),
    path("api/v1/", include("nexod.api")),
    path("api/docs", reference, name="docs"),
    path("hooks/<str:token>", hook, name="hook"),
    path("callbacks/<str:token>", callback, name="callback"),
    path("decide/<str:token>", approval_by_link, name="decide"),
    path("notifications/stop/<str:token>", stop_page, name="stop_mail"),
    re_path(r"^api(?:/|$)", unknown_api_path),
]

handler400 = "nexod.http.fallbacks.bad_request"
handler403 = "nexod.http.fallbacks.permission_denied"
handler404 = "nexod.http.fallbacks.page_not_found"
handler500 = "nexod.http.fallbacks.server_error"
