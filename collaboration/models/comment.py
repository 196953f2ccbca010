"""What people say in a thread: comments with the texts that they had before, reactions, and who has read how far."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from collaboration.models.comment_thread import CommentThread
from tenants.records import Record


class Comment(Record):
    """One thing said. A deleted one stays as a place without words, so that answers to it can be understood."""

    thread = models.ForeignKey(CommentThread, on_delete=models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="comments")
    text = models.TextField(max_length=4000, blank=True, help_text="Markdown")
    mentions = ArrayField(models.UUIDField(), default=list, help_text="People who were told, by id")
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("created_at", "id")
        permissions = (("write_comment", "Can comment"), ("moderate_comment", "Can delete comments of others"))
        indexes: ClassVar = [models.Index(fields=["thread", "created_at", "id"], name="comment_in_thread")]

    def __str__(self) -> str:
        return self.text[:60] or "Deleted"


class CommentEdit(Record):
    """A text that a comment had before it was edited; ``created_at`` is when it was replaced."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="edits")
    text = models.TextField(max_length=4000)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.text[:60]


class Reaction(Record):
    """One person's sign under a comment."""

    SIGNS = ("👍", "👎", "❤️", "🎉", "👀", "🚀", "😄", "❓")

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    sign = models.CharField(max_length=8)

    class Meta:
        ordering = ("created_at", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["comment", "user", "sign"], name="reaction_once")]

    def __str__(self) -> str:
        return self.sign


class ThreadVisit(Record):
    """How far one person has read in one thread."""

    thread = models.ForeignKey(CommentThread, on_delete=models.CASCADE, related_name="visits", db_index=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["thread", "user"], name="thread_visit_once")]

    def __str__(self) -> str:
        return f"until {self.seen_at}"
