"""``python -m tests.model_server --port 0``: print the URL, serve default answers until Ctrl-C."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress

from tests.model_server.server import ModelServer


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="tests.model_server", description="A scripted OpenAI-compatible server.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    with ModelServer(parser.parse_args().port) as server, suppress(KeyboardInterrupt):
        print(server.base_url, flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
