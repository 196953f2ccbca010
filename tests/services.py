"""A pytest plugin (``-p tests.services``) that starts PostgreSQL and Valkey before Django reads its settings.

Loaded this early because pytest-django reads the settings before any conftest. A run of tests/unit alone starts nothing.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexod.embedded.process import Process

NEEDS_STORES = ("tests/integration", "tests/contract", "tests/acceptance", "tests/architecture")
STARTED_BY = "NEXOD_TEST_STORES_PID"
PROCESSES: dict[str, Process] = {}


def _units_only(arguments: list[str]) -> bool:
    paths = [argument for argument in arguments if argument.startswith("tests")]
    return bool(paths) and not any(path.startswith(NEEDS_STORES) or path in {"tests", "tests/"} for path in paths)


def _start() -> None:
    from nexod.embedded.stores import start_stores

    stack = ExitStack()
    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="nexod-tests-", ignore_cleanup_errors=True))
    os.chmod(home, 0o755)
    stores = stack.enter_context(start_stores(Path(home), durable=False))
    atexit.register(stack.close)
    os.environ.update(stores.as_environment())
    PROCESSES.update({process.service.name: process for process in stores.processes})
    os.environ["NEXOD_HOME"] = home
    os.environ[STARTED_BY] = str(os.getpid())


def restart(name: str) -> float:
    """End postgres or valkey, start it again, and return for how many seconds it was away.

    Valkey is killed. PostgreSQL cuts its sessions and writes what was committed: the tests' own does not sync to the disk.
    """
    process = PROCESSES[name]
    began = time.monotonic()
    process.kill() if name == "valkey" else process.ask_to_stop()
    while process.pid is not None:
        time.sleep(0.01)
    process.start()
    while not process.is_ready():
        time.sleep(0.01)
    return time.monotonic() - began


def _given() -> bool:
    """Say whether somebody else's stores are to be used; a parallel worker does not share its parent's."""
    return "DATABASE_URL" in os.environ and STARTED_BY not in os.environ


os.environ["NEXOD_ENV"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "nexod.settings"
# A test is one transaction, and may wait for long.
os.environ.setdefault("NEXOD_IDLE_TRANSACTION_S", "0")
if not _given() and not _units_only(sys.argv[1:]):
    _start()
