"""The addresses of a tenant's host, and beside them the rooms: views that do what a product's next view may do."""

from __future__ import annotations

from django.urls import path

from nexod import urls
from nexod.urls import handler400, handler403, handler404, handler500
from tests.hammer.rooms import views

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("hammer/notes", views.notes),
    path("hammer/trip", views.trip),
    path("hammer/tumble", views.tumble),
    path("hammer/rows", views.rows),
    path("hammer/shelf", views.shelf),
    path("hammer/raw", views.raw),
    path("hammer/hold", views.hold),
    path("hammer/drawer", views.drawer),
    path("hammer/send", views.send),
    *urls.urlpatterns,
]
