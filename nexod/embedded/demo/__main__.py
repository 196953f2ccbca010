"""``python -m nexod.embedded.demo``: the client part of ``make demo``, run by the supervisor when everything is ready."""

from __future__ import annotations

import os
import signal
import sys

from rich.console import Console
from rich.markup import escape

from nexod.embedded.demo.library import find_library
from nexod.embedded.demo.play import perform
from nexod.embedded.home import Home, read_json
from nexod.kernel.errors import NexodError

DEFAULT_TOPIC = "How does Nexod keep tenants apart?"


def main() -> int:
    """Perform with DOCS, TOPIC and ONCE of the environment."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    console = Console(highlight=False)
    known = read_json(Home.from_environment().path / "demo.json")
    topic = os.environ.get("TOPIC") or DEFAULT_TOPIC
    try:
        library = find_library(os.environ.get("DOCS", ""))
        return perform(known, library, topic, console, once=bool(os.environ.get("ONCE")))
    except NexodError as error:
        console.print(f"\n[bold red]demo: {escape(error.message)}[/]", soft_wrap=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
