"""Addresses of people, keys and oneself."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from tenants.accounts.api.api_keys import ApiKeyViewSet
from tenants.accounts.api.groups import GroupViewSet
from tenants.accounts.api.me import MeViewSet
from tenants.accounts.api.users import UserViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("users", UserViewSet, basename="user")
router.register("api-keys", ApiKeyViewSet, basename="api-key")

urlpatterns = [
    path("me", MeViewSet.as_view({"get": "show"}), name="me"),
    path("groups", GroupViewSet.as_view({"get": "listed", "post": "create"}), name="group-list"),
    path(
        "groups/<str:group>",
        GroupViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="group-detail",
    ),
    *router.urls,
]
