"""Servers and workers, forked from one process that has imported everything: starting one is cheap.

``python -m tests.hammer.nursery`` reads a JSON line for each process to start or to wait for, and answers with a line.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

READY_S = 60
ROOT = Path(__file__).parents[2]
QUEUES = "default,high,runs,webhooks"
WORKER_THREADS = 4
MISSING = "missing"


class Nursery:
    """The process that the others are forked from, seen from the one that hammers."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hammer.nursery"],
            env=environment,
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
            text=True,
        )

    def start(self, kind: str, ready: Path, log: Path, plant: str) -> int:
        """Fork a ``server`` or a ``worker`` in which ``plant`` was planted; return its process id."""
        return self._ask(kind=kind, ready=str(ready), log=str(log), plant=plant)

    def end(self, pid: int, number: int = signal.SIGKILL) -> int:
        """End the process and return its exit code."""
        os.kill(pid, number)
        return self._ask(wait=pid)

    def close(self) -> None:
        """End the nursery itself."""
        self._process.communicate(timeout=10)

    def _ask(self, **request: Any) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def until_ready(file: Path, log: Path) -> str:
    """Return what the process wrote into its file when it was ready."""
    until = time.monotonic() + READY_S
    while not (file.exists() and file.read_text()):
        if time.monotonic() > until:
            raise RuntimeError(f"A process of the hammer did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.01)
    return file.read_text()


def serve() -> None:
    """Fork until the input ends."""
    for name in ("celery.bin.worker", "uvicorn", "workflows.engine.loop", "tests.hammer.rooms.tasks"):
        import_module(name)
    _open_the_rooms()
    import_module("nexod.asgi")
    import_module("tests.hammer.urls")
    import_module("nexod.celery").app.loader.import_default_modules()
    gc.freeze()  # what was imported stays shared, and no collection walks over it in the children
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        elif not (answer := os.fork()):
            os._exit(_work(**request))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _open_the_rooms() -> None:
    """The application reads its sockets' addresses when it is imported."""
    from django.urls import path

    from collaboration import routing
    from tests.hammer.rooms.socket import PATH, RoomConsumer

    consumer: Any = RoomConsumer.as_asgi()
    routing.routes.insert(0, path(PATH, consumer))


def _work(kind: str, ready: str, log: str, plant: str) -> int:
    """Be a server or a worker, in the forked child."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(source, target)
    if plant:
        import_module(f"tests.hammer.plants.{plant}").plant()
    try:
        {"server": _be_server, "worker": _be_worker}[kind](Path(ready))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _be_server(ready: Path) -> None:
    import threading

    import uvicorn

    from nexod.asgi import application

    server = uvicorn.Server(uvicorn.Config(application, port=0, log_config=None, access_log=False, lifespan="off"))

    def tell() -> None:
        while not server.started:
            time.sleep(0.01)
        ready.write_text(str(server.servers[0].sockets[0].getsockname()[1]))

    threading.Thread(target=tell, daemon=True).start()
    server.run()


def _be_worker(ready: Path) -> None:
    from celery import signals

    from nexod.celery import app

    signals.worker_ready.connect(lambda **kwargs: ready.write_text("ready"), weak=False)
    arguments = ["--pool=threads", f"--concurrency={WORKER_THREADS}", f"--queues={QUEUES}", "--loglevel=INFO"]
    app.worker_main(["worker", *arguments, "--without-mingle", "--without-gossip", f"--hostname=w{os.getpid()}@hammer"])


if __name__ == "__main__":
    import django

    django.setup()
    serve()
