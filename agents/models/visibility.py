"""Who may read what is in a knowledge base."""

from __future__ import annotations

from django.db import models


class Visibility(models.TextChoices):
    """Who may read it, and be answered from it."""

    EVERYONE = "everyone", "Everyone in the workspace"
    RESTRICTED = "restricted", "Only the readers named here"
