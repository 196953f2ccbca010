"""How far a shared document has become what it is about."""

from __future__ import annotations

from django.db import models

from collaboration.models.shared import SharedDocument


class SettledDocument(models.Model):
    """Up to which update a document was read, and what was wrong with it then."""

    document = models.OneToOneField(SharedDocument, on_delete=models.CASCADE, related_name="settled", primary_key=True)
    seq = models.BigIntegerField(default=0)
    state = models.JSONField(default=dict, help_text="What editors are told: problems, digest")

    class Meta:
        ordering = ("document",)

    def __str__(self) -> str:
        return f"{self.document_id} up to {self.seq}"
