"""What people did in a tenant, for others to read: one row for each deed, written with what it tells of, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from tenants.records import Record

if TYPE_CHECKING:
    from tenants.accounts.models import User

# What a deed can be about, and the permission that its readers need. What is not here is told to nobody.
SUBJECTS = {
    "workflow": "workflows.view_workflow",
    "run": "workflows.view_run",
    "approval": "workflows.view_approval",
    "agent": "agents.view_agent",
    "crew": "agents.view_crew",
    "knowledge": "agents.view_knowledgebase",
    "budget": "agents.view_budget",
    "member": "accounts.view_user",
}
THREADS = "collaboration.view_commentthread"


class ActivityQuerySet(models.QuerySet["Activity"]):
    """Reads of deeds."""

    def visible_to(self, user: User) -> ActivityQuerySet:
        """Return those about what the user may see; that there are threads is told to who may see threads."""
        rows = self.filter(subject_kind__in=[kind for kind, needed in SUBJECTS.items() if user.has_perm(needed)])
        return rows if user.has_perm(THREADS) else rows.exclude(facts__has_key="thread")


class Activity(Record):
    """Who did what to what. Names are as they were then; ids, states and counts are in ``facts``, never content."""

    actor = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    verb = models.CharField(max_length=30)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField(null=True)
    title = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "activity"
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="activity_newest"),
            models.Index(fields=["actor", "-created_at", "-id"], name="activity_of_person"),
            models.Index(fields=["subject_id", "-created_at", "-id"], name="activity_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.title}"
