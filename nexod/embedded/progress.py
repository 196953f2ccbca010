"""What a person sees while services start, run and stop: one line for every step, plain where no terminal is."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

from nexod.embedded.errors import StartFailed
from nexod.kernel.errors import NexodError

PLAIN_REMINDER_S = 15.0
SHOWN_WIDTH = 58


class Progress:
    """Prints to a console. Finished steps stay, running ones turn below them in a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._moves = self.console.is_terminal and "NO_COLOR" not in os.environ
        self._running: dict[str, float] = {}
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        self._reminded = 0.0

    def say(self, text: str = "") -> None:
        """Print a line of console markup."""
        self.console.print(text, soft_wrap=True)

    def begin(self, names: list[str]) -> None:
        """Show these steps as running."""
        self._running |= dict.fromkeys(names, time.monotonic())
        self._reminded = time.monotonic()
        if self._moves and self._running:
            self._live.start()
        self.tick()

    def tick(self) -> None:
        """Let the running steps turn; call it about ten times a second."""
        now = time.monotonic()
        if self._moves:
            self._live.update(self._picture(now), refresh=True)
        elif self._running and now - self._reminded > PLAIN_REMINDER_S:
            self._reminded = now
            self.say("  ..   " + ", ".join(f"{name} ({now - began:.0f} s)" for name, began in self._running.items()))

    def _picture(self, now: float) -> Table:
        picture = Table.grid(padding=(0, 1))
        for name, began in self._running.items():
            picture.add_row(" ", self._spinner, f"{name:<13}", f"[dim]{now - began:.0f} s[/]")
        return picture

    def done(self, name: str, shows: str, seconds: float) -> None:
        """Say that a step is done."""
        self._forget(name)
        self.say(
            f"  [green]{self._sign('✓', 'ok')}[/] {name:<13} {escape(f'{shows:<{SHOWN_WIDTH}}')} [dim]{seconds:5.1f} s[/]"
        )

    def skipped(self, name: str, why: str) -> None:
        """Say that a service is not started here."""
        self.say(f"  [dim]{self._sign('·', '--')}[/] {name:<13} [dim]{escape(why)}[/]")

    def failed(self, error: NexodError) -> None:
        """Say what went wrong, with the last lines of the log."""
        self.rest()
        self.say(f"\n  [bold red]{self._sign('✗', 'FAILED')}[/] [bold]{escape(error.message)}[/]")
        if isinstance(error, StartFailed):
            self.quote(error.log_tail)
            if error.log:
                self.say(f"    the whole log: {escape(str(error.log))}")

    def crashed(self, name: str, reason: str, pause_s: float, log_tail: str, log: Path | None) -> None:
        """Say that a running service ended, and when it is tried again."""
        self.say(
            f"  [bold red]{self._sign('✗', '!!')}[/] {name:<13} crashed: {escape(reason)}; again in {pause_s:.1f} s"
        )
        self.quote(log_tail)
        if log:
            self.say(f"    [dim]log: {escape(str(log))}[/]")

    def quote(self, text: str) -> None:
        """Print a log's lines, set off."""
        for line in text.splitlines():
            self.say(f"    [dim]│[/] {escape(line)}")

    def rest(self) -> None:
        """Show no step as running."""
        self._running.clear()
        self._live.stop()

    def _forget(self, name: str) -> None:
        self._running.pop(name, None)
        if not self._running:
            self._live.stop()

    def _sign(self, sign: str, plain: str) -> str:
        can_draw = (self.console.encoding or "").lower().startswith("utf")
        return sign if can_draw else plain
