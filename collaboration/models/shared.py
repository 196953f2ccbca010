"""Shared documents: a log of updates in the order of their commits, and a snapshot of all up to one of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.records import Record


class SharedDocument(Record):
    """What several people edit at once, as Yjs knows it. Its rows are locked in this order: document, then updates."""

    name = models.CharField(max_length=80, unique=True, help_text="kind:id of what it is about")
    last_seq = models.BigIntegerField(default=0, help_text="The number of the newest update")
    snapshot = models.BinaryField(default=bytes, help_text="One update that stands for all up to snapshot_seq")
    snapshot_seq = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes of the snapshot and of what came after it")

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="snapshot_is_not_ahead", condition=models.Q(snapshot_seq__lte=models.F("last_seq"))
            )
        ]

    def __str__(self) -> str:
        return self.name


class DocumentUpdate(models.Model):
    """What one person changed in one batch, until a snapshot has it."""

    document = models.ForeignKey(SharedDocument, on_delete=models.CASCADE, related_name="updates", db_index=False)
    seq = models.BigIntegerField()
    update = models.BinaryField()
    author = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("document", "seq")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "seq"], name="document_update_once"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.seq}"
