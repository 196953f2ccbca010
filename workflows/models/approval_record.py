"""What is kept of an approval's way: each person's vote, and the record, to which entries are only ever added."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from nexod.kernel.identifiers import new_id
from workflows.models.approval import Approval


class Vote(models.Model):
    """What one person said in one round; one vote each, whoever else they stand in for."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="votes", db_index=False)
    round = models.PositiveSmallIntegerField(default=1)
    user = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="votes")
    for_user = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="votes_by_others", help_text="Who was away"
    )
    decision = models.CharField(max_length=20, choices=Approval.Decision)
    comment = models.TextField(max_length=4000, blank=True)
    content = models.TextField(blank=True, help_text="Of an edit")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was seen")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("approval", "created_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["approval", "round", "user"], name="vote_once_a_round"),
            models.UniqueConstraint(
                fields=["approval", "round", "for_user"],
                name="vote_once_for_a_person",
                condition=Q(for_user__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} by {self.user or 'somebody'}"


class ApprovalEntry(models.Model):
    """One line of the record: what happened to the approval, by whom, when. The addresses stay when people are gone."""

    class Kind(models.TextChoices):
        """What happened."""

        ASKED = "asked"
        SEEN = "seen"
        VOTED = "voted"
        DECIDED = "decided"
        CLAIMED = "claimed"
        RELEASED = "released"
        REASSIGNED = "reassigned"
        DELEGATED = "delegated"
        REMINDED = "reminded"
        ESCALATED = "escalated"
        TIMED_OUT = "timed_out"
        WITHDRAWN = "withdrawn"
        LINK_SENT = "link_sent"
        LINK_USED = "link_used"
        RECOUNTED = "recounted"
        SHORT = "short"
        POSTPONED = "postponed"

    id = models.BigAutoField(primary_key=True)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="entries", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    by_email = models.CharField(max_length=254, blank=True, help_text="Empty: the platform itself")
    for_user = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    for_email = models.CharField(max_length=254, blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was to be seen then")
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("approval", "id")
        indexes: ClassVar = [models.Index(fields=["approval", "id"], name="entry_in_order")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["approval", "by", "digest"], name="entry_seen_once", condition=Q(kind="seen", by__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.by_email or 'the platform'}"
