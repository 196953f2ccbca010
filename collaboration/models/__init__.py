"""Tables of who is here and what they are told."""

from collaboration.models.notification import Notification

__all__ = ["Notification"]
