"""What the commands serve, demo and services do. ``python -m nexod.embedded`` calls it without loading Django first."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping

from rich.markup import escape

from nexod.embedded import application, postgres
from nexod.embedded.attach import running_services
from nexod.embedded.demo.library import find_library
from nexod.embedded.errors import EmbeddedError
from nexod.embedded.home import Home, read_json
from nexod.embedded.plan import make_plan
from nexod.embedded.progress import Progress
from nexod.embedded.supervisor import Supervisor


def serve(environ: Mapping[str, str] = os.environ) -> int:
    """Run everything until Ctrl-C; return the exit code."""
    return _supervise(environ, with_demo=False)


def demo(environ: Mapping[str, str] = os.environ) -> int:
    """Run everything and the demo; then go on serving, or with ONCE stop; return the exit code."""
    try:
        find_library(environ.get("DOCS", ""))
    except EmbeddedError as error:
        Progress().failed(error)
        return 1
    return _supervise(environ, with_demo=True)


def _supervise(environ: Mapping[str, str], *, with_demo: bool) -> int:
    home, progress = Home.from_environment(environ), Progress()
    try:
        home.prepare()
        with home.lock():
            plan = make_plan(home, environ)
            if not with_demo:
                return Supervisor(plan, progress).run()
            plan.stages[-1].append(application.provision_demo(plan.environ, plan.base_url))
            client = application.demo_client(plan.environ)
            return Supervisor(plan, progress, client=client, once=bool(environ.get("ONCE"))).run()
    except EmbeddedError as error:
        progress.failed(error)
        return 1


def show_services(*, as_exports: bool = False) -> int:
    """Print what runs on this home, or shell lines that export its addresses; 1 when nothing runs."""
    home, progress = Home.from_environment(), Progress()
    environ = running_services(home)
    if not environ:
        progress.say(f"Nothing runs in {escape(str(home.path))}. make serve starts it.")
        return 1
    if as_exports:
        for name, value in environ.items():
            progress.say(escape(f"export {name}={json.dumps(value)}"))
        return 0
    rows = read_json(home.status_file).get("services", [])
    for row in rows:
        again = f", restarted {row['restarts']}x" if row["restarts"] else ""
        progress.say(f"  {row['name']:<13} {row['state']:<9} pid {row['pid'] or '-':<8} {escape(row['shows'])}{again}")
    progress.say(f"\n  {read_json(home.services_file).get('base_url', 'stores only')}   logs: {escape(str(home.logs))}")
    return 0


def reset() -> int:
    """Delete all state of this home, wherever it lies. Refuses while something runs on it."""
    home, progress = Home.from_environment(), Progress()
    if not home.path.exists():
        return 0
    try:
        with home.lock():
            postgres.remove(home)
            shutil.rmtree(home.path)
    except EmbeddedError as error:
        progress.failed(error)
        return 1
    progress.say(f"removed {escape(str(home.path))}")
    return 0
