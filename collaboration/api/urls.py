"""Addresses of what people are told."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from collaboration.api.activity import ActivityViewSet
from collaboration.api.comments import CommentThreadViewSet, CommentViewSet
from collaboration.api.notifications import NotificationViewSet
from collaboration.api.preferences import NotificationPreferencesViewSet
from collaboration.api.presence import PresenceViewSet
from collaboration.api.webhooks import DeliveryViewSet, EndpointViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("notifications", NotificationViewSet, basename="notification")
router.register("webhook-endpoints", EndpointViewSet, basename="webhook-endpoint")
router.register("deliveries", DeliveryViewSet, basename="delivery")
router.register("comments", CommentThreadViewSet, basename="comment-thread")
comment = "comments/<uuid:thread_id>/replies/<uuid:pk>"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "notifications/preferences",
        NotificationPreferencesViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="notification-preferences",
    ),
    path(
        comment,
        CommentViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="comment-detail",
    ),
    path("activity", ActivityViewSet.as_view({"get": "list"}), name="activity"),
    path("presence", PresenceViewSet.as_view({"get": "retrieve"}), name="presence"),
    path(f"{comment}/reactions", CommentViewSet.as_view({"post": "react"}), name="comment-reactions"),
    path(f"{comment}/edits", CommentViewSet.as_view({"get": "edits"}), name="comment-edits"),
    *router.urls,
]
