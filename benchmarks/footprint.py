"""Resident memory of the web process and of a worker without crews, each after it has worked, and how soon the web answers."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

from benchmarks import served, trivial, world
from benchmarks.figure import Figure
from nexod.embedded.home import Home
from nexod.embedded.ports import free_port
from nexod.embedded.process import Process
from nexod.embedded.stores import running

GOAL_WEB_MB, GOAL_WORKER_MB, GOAL_BOOT_S = 150, 200, 2.0
GOAL = f"web under {GOAL_WEB_MB} MB, worker under {GOAL_WORKER_MB}, boot under {GOAL_BOOT_S:.0f} s"
BOOTS, RUNS = 5, 20


def measure() -> Figure:
    """Boot the web server several times, then let web and worker of their own do some runs."""
    world.tenant(0)
    boot_s = statistics.median(_boot_s() for _ in range(BOOTS))
    served.stop()
    site = served.site()
    idle = {name: resident_mb(process) for name, process in site.processes.items()}
    run = trivial.runner()
    for _ in range(RUNS):
        run()
    for path in ("/api/v1/runs", "/api/v1/workflows", "/api/v1/schema"):
        site.client().get(path)
    web, worker = (resident_mb(site.processes[name]) for name in ("web", "worker0"))
    met = web < GOAL_WEB_MB and worker < GOAL_WORKER_MB and boot_s < GOAL_BOOT_S
    return Figure(
        "footprint", web, "MB", GOAL, met,
        detail=f"web {idle['web']:.0f} MB at boot, {web:.0f} after work; worker {idle['worker0']:.0f} and {worker:.0f}; "
        f"web boots in {boot_s:.2f} s",
    )  # fmt: skip


def _boot_s() -> float:
    with running(Home.from_environment(), [served.web(free_port())]) as (web,):
        return web.seconds


def resident_mb(process: Process) -> float:
    """Return the resident memory of the process, its children not counted."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024
