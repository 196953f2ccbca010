#!/usr/bin/env python
"""Django's command line. In development it finds or starts the stores that a command needs."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexod.settings")
    if sys.argv[1:2] == ["test"]:
        os.environ.setdefault("NEXOD_ENV", "test")

    from django.core.management import execute_from_command_line

    from nexod.embedded.attach import stores_for
    from nexod.embedded.errors import EmbeddedError

    try:
        with stores_for(sys.argv):
            execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(f"nexod: {error}")


if __name__ == "__main__":
    main()
