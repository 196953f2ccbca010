"""What people let agents do with tools without being asked again: who allowed what, when, and whether it still holds."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenants.records import Record


class ToolPermissionQuerySet(models.QuerySet["ToolPermission"]):
    """Reads of permissions."""

    def valid(self) -> ToolPermissionQuerySet:
        """Return those that nobody took back."""
        return self.filter(revoked_at=None)


class ToolPermission(Record):
    """A remembered decision. It covers exactly what ``digest`` was made of: the tool with its settings, the rule under which
    was asked, and, unless ``arguments`` is null, these arguments.

    ``step`` and ``call`` are the use of the tool that it was given for: a step that begins again remembers nothing twice.
    """

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="tool_permissions", db_index=False)
    tool = models.CharField(max_length=100, help_text="Its name, as the model knows it")
    title = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, editable=False)
    arguments = models.JSONField(null=True, help_text="Null: with any arguments")
    about = models.CharField(max_length=500, blank=True, help_text="What it does outside")
    run = models.UUIDField(help_text="In which it was allowed")
    step = models.UUIDField(editable=False)
    call = models.CharField(max_length=120, editable=False)
    allowed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="tool_permissions"
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = ToolPermissionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("revoke_toolpermission", "Can revoke tool permission"),)
        indexes: ClassVar = [
            models.Index(fields=["agent", "digest"], name="tool_permission_valid", condition=Q(revoked_at=None))
        ]
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "call"], name="tool_permission_once_a_use")]

    def __str__(self) -> str:
        return f"{self.title} for {self.agent}"
