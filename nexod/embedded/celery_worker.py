"""``python -m nexod.embedded.celery_worker <ready file> <arguments of celery worker>``: a worker that says when it is ready."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from celery import signals
from celery.worker import state


def main() -> None:
    """Run the project's Celery worker in this process."""
    ready_file, *arguments = sys.argv[1:]

    def announce(**_: Any) -> None:
        Path(ready_file).touch()

    signals.worker_ready.connect(announce, weak=False)

    from nexod.celery import app

    app.worker_main(["worker", *arguments])
    sys.exit(state.should_stop or 0)


if __name__ == "__main__":
    main()
