"""``manage.py services``: what runs on this NEXOD_HOME."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nexod.embedded import entry


class Command(BaseCommand):
    """Show the services that a supervisor runs, with their process ids and logs."""

    help = "Show what runs here: services, process ids, addresses, logs."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --exports."""
        parser.add_argument("--exports", action="store_true", help="print shell lines that export the addresses")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print and set the exit code."""
        sys.exit(entry.show_services(as_exports=options["exports"]))
