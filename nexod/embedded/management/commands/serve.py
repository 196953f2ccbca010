"""``manage.py serve``: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from nexod.embedded import entry


class Command(BaseCommand):
    """Start PostgreSQL, Valkey, the local model, the web server and the Celery workers under one supervisor."""

    help = "Start the stores, the local model, the web server and the workers; Ctrl-C stops them all."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        sys.exit(entry.serve())
