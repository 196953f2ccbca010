"""Lists as people want to see them again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenants.accounts.models import User
from tenants.records import Record


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Reads of saved views."""

    def offered_to(self, user: User, page: str) -> SavedViewQuerySet:
        """Return the person's own views of a list and those that others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True), page=page)


class SavedView(Record):
    """The filters, the search and the order of one list, under a name. One that is shared is there for the whole tenant."""

    class Page(models.TextChoices):
        """Which list."""

        RUNS = "runs"

    owner = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    page = models.CharField(max_length=20, choices=Page)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, help_text="The end of the list's address")
    is_shared = models.BooleanField(default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ("is_shared", "name", "id")
        permissions = (("share_savedview", "Can share saved view"),)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_view_once_a_name")
        ]

    def __str__(self) -> str:
        return self.name
