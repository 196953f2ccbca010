"""A supervisor over toy services, run as a process of its own by test_supervisor: ``toy_supervisor.py [broken] [client]``."""

from __future__ import annotations

import os
import sys

from nexod.embedded.home import Home
from nexod.embedded.plan import Plan
from nexod.embedded.process import Service
from nexod.embedded.progress import Progress
from nexod.embedded.supervisor import Supervisor

SERVE = """
import signal, sys, time
def stop(*_):
    print('stopped at', time.monotonic(), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print('serving', flush=True)
time.sleep(600)
"""


def step(name: str, code: str) -> Service:
    """Return a step that runs some Python."""
    return Service(name=name, argv=(sys.executable, "-c", code))


def server(home: Home, name: str) -> Service:
    """Return a service that is ready when its log's last line says so."""
    log = home.logs / f"{name}.log"

    def serves() -> bool:
        return log.exists() and log.read_text().rstrip().endswith("serving")

    return Service(name=name, argv=(sys.executable, "-c", SERVE), ready=serves)


def main() -> int:
    """Run until a signal, or until the client ends."""
    home = Home.from_environment()
    home.prepare()
    stages = [[server(home, "store")], [step("migrate", "print('migrated')")], [server(home, "web")]]
    if "broken" in sys.argv:
        stages.append([step("broken", "print('no luck'); raise SystemExit(3)")])
    client = step("client", "print('client: done', flush=True); raise SystemExit(7)") if "client" in sys.argv else None
    with home.lock():
        plan = Plan(home, dict(os.environ), "http://127.0.0.1:1", stages)
        return Supervisor(plan, Progress(), client=client, once=client is not None).run()


if __name__ == "__main__":
    sys.exit(main())
