"""Abstract bases that the apps' models share: public ids and times."""

from __future__ import annotations

from django.db import models

from nexod.kernel.identifiers import new_id


class Timestamped(models.Model):
    """A row that knows when it was made and last changed."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Record(Timestamped):
    """A row with a public id: a UUID that sorts by time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True
