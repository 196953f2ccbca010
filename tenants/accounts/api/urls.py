"""Addresses of people, keys and oneself."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from tenants.accounts.api.api_keys import ApiKeyViewSet
from tenants.accounts.api.me import MeViewSet
from tenants.accounts.api.users import UserViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("users", UserViewSet, basename="user")
router.register("api-keys", ApiKeyViewSet, basename="api-key")

urlpatterns = [path("me", MeViewSet.as_view({"get": "show"}), name="me"), *router.urls]
