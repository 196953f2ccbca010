"""Tables of who is here and what they are told."""

from collaboration.models.activity import Activity
from collaboration.models.comment import Comment, CommentEdit, Reaction, ThreadVisit
from collaboration.models.comment_thread import CommentThread
from collaboration.models.delivery import Delivery
from collaboration.models.notification import Notification
from collaboration.models.preference import NotificationHours, NotificationPreference
from collaboration.models.settled import SettledDocument
from collaboration.models.shared import DocumentUpdate, SharedDocument
from collaboration.models.webhook import WebhookEndpoint

__all__ = [
    "Activity",
    "Comment",
    "CommentEdit",
    "CommentThread",
    "Delivery",
    "DocumentUpdate",
    "Notification",
    "NotificationHours",
    "NotificationPreference",
    "Reaction",
    "SettledDocument",
    "SharedDocument",
    "ThreadVisit",
    "WebhookEndpoint",
]
