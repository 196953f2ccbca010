"""``manage.py demo``: everything on this machine, and the demo workflow on top."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from nexod.embedded import entry


class Command(BaseCommand):
    """Do what serve does, then run the starter workflow Briefing on real documents and show it live."""

    help = "Serve, and run the demo workflow; DOCS, TOPIC and ONCE are taken from the environment."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes, or with ONCE until the run is over."""
        sys.exit(entry.demo())
