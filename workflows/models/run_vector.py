"""Where runs that are over lie as vectors, so that they are found by what they were about."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from pgvector.django import HnswIndex, VectorField

from agents.knowledge.embedding import DIMENSIONS
from workflows.models.run import Run


class RunVector(models.Model):
    """A run as it was when it ended; one that was resumed and ended again is looked at anew."""

    run = models.OneToOneField(Run, primary_key=True, on_delete=models.CASCADE, related_name="vector")
    embedding = VectorField(dimensions=DIMENSIONS)
    finished_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            HnswIndex(fields=["embedding"], name="run_vector_near", opclasses=["vector_cosine_ops"]),
        ]

    def __str__(self) -> str:
        return str(self.run_id)
