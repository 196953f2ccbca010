"""Addresses of the platform plane: the staff's admin, and no API of any tenant."""

from __future__ import annotations

from django.contrib.admin import autodiscover
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.generic import RedirectView

from nexod.admin import staff_site
from nexod.http.fallbacks import unknown_api_path

# Here and not in an AppConfig, so that workers never import the admin.
autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", staff_site.urls),
    re_path(r"^api(?:/|$)", unknown_api_path),
]

handler400 = "nexod.http.fallbacks.bad_request"
handler403 = "nexod.http.fallbacks.permission_denied"
handler404 = "nexod.http.fallbacks.page_not_found"
handler500 = "nexod.http.fallbacks.server_error"
