"""Addresses of what people are told."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from collaboration.api.notifications import NotificationViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("notifications", NotificationViewSet, basename="notification")

urlpatterns = router.urls
