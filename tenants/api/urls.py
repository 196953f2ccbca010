"""Addresses of the tenant's own standing."""

from __future__ import annotations

from django.urls import path

from tenants.api.usage import UsageView

urlpatterns = [path("usage", UsageView.as_view(), name="usage")]
