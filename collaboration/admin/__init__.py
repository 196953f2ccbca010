"""The admin of what people are told, on the tenants' site."""

from collaboration.admin import activity, notifications, preferences, webhooks, what_they_said

__all__ = ["activity", "notifications", "preferences", "webhooks", "what_they_said"]
