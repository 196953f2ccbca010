"""Starts a plan's services in order, watches them, restarts what crashes, and stops all of it: nothing more, nothing else."""

from __future__ import annotations

import time

from rich.markup import escape

from nexod.embedded.home import write_private_json
from nexod.embedded.plan import Plan
from nexod.embedded.process import Process, Service, stop_all
from nexod.embedded.progress import Progress
from nexod.embedded.wakeups import Wakeups
from nexod.embedded.watch import CameBack, Crashed, Watch
from nexod.kernel.errors import NexodError

POLL_INTERVAL_S = 0.05


class Interrupted(Exception):
    """A stop signal came while services were starting."""


class Supervisor:
    """Runs one plan once. ``client`` is a program that uses the services; ``once`` ends everything with it."""

    def __init__(self, plan: Plan, progress: Progress, *, client: Service | None = None, once: bool = False) -> None:
        self.plan, self.progress, self.once = plan, progress, once
        self._client = Process(client, log=None) if client else None
        self._started: list[list[Process]] = []
        self._watches: list[Watch] = []
        self._wakeups = Wakeups()

    def run(self) -> int:
        """Run until a signal, or until the client ends; return the exit code. The caller holds the home's lock."""
        with self._wakeups:
            try:
                self._start()
                return self._serve()
            except Interrupted:
                return 130
            except NexodError as error:
                self.progress.failed(error)
                return 1
            finally:
                self._stop()

    def _start(self) -> None:
        began = time.monotonic()
        self.progress.say(f"\n[bold]Nexod[/] in {escape(str(self.plan.home.path))}\n")
        for name, why in self.plan.elsewhere:
            self.progress.skipped(name, why)
        self.plan.publish()
        for stage in self.plan.stages:
            self._start_stage(stage)
        self._save_status()
        seconds = time.monotonic() - began
        self.progress.say(
            f"\n  ready in {seconds:.1f} s at [bold cyan]{self.plan.public_url}[/]; Ctrl-C stops it all\n"
        )

    def _start_stage(self, stage: list[Service]) -> None:
        """Start the stage's services side by side and wait for all of them."""
        processes = [Process(service, self.plan.home.logs / f"{service.name}.log") for service in stage]
        self._started.append(processes)
        self.progress.begin([service.name for service in stage])
        for process in processes:
            process.start()
            self._heed_stop()
        waiting = processes
        while waiting := [process for process in waiting if not self._became_ready(process)]:
            self._wakeups.wait(POLL_INTERVAL_S)
            self._heed_stop()
            self._tend()
            self.progress.tick()

    def _became_ready(self, process: Process) -> bool:
        if not process.is_ready():
            return False
        self.progress.done(process.service.name, process.service.shows, process.seconds)
        if process.service.ready is not None:
            self._watches.append(Watch(process))
        return True

    def _heed_stop(self) -> None:
        if self._wakeups.stops:
            raise Interrupted

    def _serve(self) -> int:
        """Watch over the services; return the exit code."""
        if self._client:
            self._client.start()
        while not self._wakeups.stops:
            self._tend()
            if self.once and self._client and self._client.exit_code is not None:
                return abs(self._client.exit_code)
            due = [seconds for watch in self._watches if (seconds := watch.due_in()) is not None]
            self._wakeups.wait(min(due, default=None))
        return 0 if not self.once else 130

    def _tend(self) -> None:
        for watch in self._watches:
            self._report(watch, watch.tend())

    def _report(self, watch: Watch, news: Crashed | CameBack | None) -> None:
        if isinstance(news, Crashed):
            self.progress.crashed(watch.name, news.reason, news.pause_s, news.log_tail, watch.process.log)
        elif isinstance(news, CameBack):
            self.progress.done(watch.name, "is back", news.seconds)
        if news:
            self._save_status()

    def _stop(self) -> None:
        """Stop in reverse order what was started; a second signal kills it at once."""
        self.progress.rest()
        quiet = self.once and not self._wakeups.stops
        if not quiet:
            self.progress.say("\n  stopping")
        groups = [*self._started, [self._client] if self._client else []]
        heard = max(1, self._wakeups.stops)
        for group in reversed(groups):
            stop_all(group, hurry=lambda: self._wakeups.stops > heard)
        self.plan.withdraw()
        self.plan.home.status_file.unlink(missing_ok=True)
        if not quiet:
            self.progress.say("  everything that was started here has stopped")

    def _save_status(self) -> None:
        """Write down what runs, for the command ``services``."""
        rows = [
            {
                "name": watch.name,
                "state": watch.state,
                "pid": watch.process.pid,
                "restarts": watch.restarts,
                "shows": watch.process.service.shows,
                "log": str(watch.process.log),
            }
            for watch in self._watches
        ]
        write_private_json(self.plan.home.status_file, {"services": rows, "started_at": time.time()})
