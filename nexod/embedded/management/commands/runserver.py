"""``manage.py runserver``: the ASGI application under uvicorn, reloading, so that WebSockets and event streams work."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser

from nexod.embedded.home import PROJECT
from nexod.embedded.ports import LOOPBACK

SOURCES = ("nexod", "tenants", "agents", "workflows", "collaboration", "templates")


class Command(BaseCommand):
    """Serve the web part alone, for development. ``manage.py serve`` starts the workers too."""

    help = "Serve HTTP and WebSockets for development, reloading when the code changes (web only: see also serve)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what Django's own runserver takes."""
        parser.add_argument(
            "addrport", nargs="?", default="8000", help="port, or address:port (default 127.0.0.1:8000)"
        )
        parser.add_argument("--noreload", action="store_true", help="do not reload when the code changes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C."""
        host, port = parse_address(options["addrport"])
        os.environ.pop("DATABASE_OWNER_URL", None)  # who serves must not be able to change the schema
        self.stdout.write(
            f"Serving http://{host}:{port}/ (Ctrl-C stops it; the workers are started by: manage.py serve)"
        )
        uvicorn.run(
            "nexod.asgi:application",
            host=host,
            port=port,
            reload=not options["noreload"],
            reload_dirs=[str(PROJECT / folder) for folder in SOURCES],
            timeout_graceful_shutdown=3,
        )


def parse_address(text: str) -> tuple[str, int]:
    """Split ``port`` or ``address:port``."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"{text!r} is not a port or address:port.")
    return host.strip("[]") or LOOPBACK, int(port)
