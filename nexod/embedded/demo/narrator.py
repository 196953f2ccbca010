"""Tells a run's events as they come, one line each, for people. It knows event types, and nothing else of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

Event = dict[str, Any]
EXCERPT = 76


class Narrator:
    """Prints events with the time since the first; counts steps and remembers who asked for approval."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.steps = 0
        self.seconds = 0.0
        self._first: datetime | None = None
        self._titles: dict[str, str] = {}
        self._models: Counter[str] = Counter()

    def tell(self, event: Event) -> None:
        """Print the event."""
        moment = datetime.fromisoformat(event["at"])
        self._first = self._first or moment
        self.seconds = (moment - self._first).total_seconds()
        teller: Callable[[Event], str] | None = getattr(self, f"_{event['type'].replace('.', '_')}", None)
        text = teller(event["data"]) if teller else f"[dim]{escape(event['type'])}[/]"
        minutes, seconds = divmod(self.seconds, 60)
        self.console.print(f"  [dim]{minutes:02.0f}:{seconds:04.1f}[/]  {text}", soft_wrap=True)

    def _run_created(self, data: Event) -> str:
        return f"[bold]run created[/] by {escape(data['actor'] or 'somebody')}"

    def _run_started(self, data: Event) -> str:
        return "a worker has taken it" + (f", attempt {data['attempt']}" if data["attempt"] > 1 else "")

    def _run_waiting(self, data: Event) -> str:
        return f"[bold yellow]waits for {escape(data['waiting_for'])}[/]; no worker is held"

    def _run_resumed(self, data: Event) -> str:
        return "goes on"

    def _run_completed(self, data: Event) -> str:
        return "[bold green]run completed[/]"

    def _run_failed(self, data: Event) -> str:
        return f"[bold red]run failed[/] {_reason(data['reason'])}"

    def _run_cancel_requested(self, data: Event) -> str:
        return f"[yellow]is to be cancelled[/], says {escape(data['actor'] or 'somebody')}"

    def _run_cancelled(self, data: Event) -> str:
        return "[bold red]run cancelled[/]"

    def _run_pause_requested(self, data: Event) -> str:
        return f"pause asked for by {escape(data['actor'])}"

    def _run_handed_back(self, data: Event) -> str:
        return f"[yellow]the worker let go of the run[/], which goes on elsewhere ({escape(data['reason'])})"

    def _run_retried(self, data: Event) -> str:
        return f"retried by {escape(data['actor'])}"

    def _run_compensating(self, data: Event) -> str:
        return f"[yellow]undoing[/] {escape(', '.join(data['nodes']))}"

    def _run_compensated(self, data: Event) -> str:
        left = ", ".join(node["node"] for node in data["not_undone"])
        return f"undone: {escape(', '.join(data['undone']) or 'nothing')}" + (
            f"; [red]not undone: {escape(left)}[/]" * bool(left)
        )

    def _step_started(self, data: Event) -> str:
        again = f" [yellow]again, visit {data['visit']}[/]" if data["visit"] > 1 else ""
        self._titles[data["node"]] = data["title"] or data["node"]
        return f"[cyan]▸ {escape(self._titles[data['node']])}[/] [dim]{escape(data['node_type'])}[/]{again}"

    def _step_completed(self, data: Event) -> str:
        self.steps += 1
        route = f" [magenta]→ {escape(data['route'])}[/]" if data["route"] else ""
        summary = f"  [dim]{escape(_short(data['summary']))}[/]" if data["summary"] else ""
        return f"[green]✓ {escape(self._title(data))}[/]{route}{summary}"

    def _step_failed(self, data: Event) -> str:
        return f"[red]✗ {escape(self._title(data))}[/] {_reason(data['reason'])}"

    def _step_resumed(self, data: Event) -> str:
        return f"[cyan]▸ {escape(self._title(data))}[/] goes on"

    def _step_stopped(self, data: Event) -> str:
        return f"[dim]◼ {escape(self._title(data))} is not needed any more[/]"

    def _step_waiting(self, data: Event) -> str:
        until = f" until {escape(data['until'][:19])}" if data["until"] else ""
        return f"[yellow]… {escape(self._title(data))}[/] waits for a {escape(data['kind'])}{until}"

    def _step_retried(self, data: Event) -> str:
        return (
            f"[yellow]↻ {escape(self._title(data))}[/] once more in {data['delay_s']:.0f} s: {_reason(data['reason'])}"
        )

    def _knowledge_retrieved(self, data: Event) -> str:
        names = ", ".join(dict.fromkeys(data["documents"]))
        return f"    {data['chunks']} passages from [italic]{escape(names)}[/]"

    def _citations_checked(self, data: Event) -> str:
        wrong = f", [yellow]{data['flagged']} do not hold[/]" if data["flagged"] else ""
        return f"    {len(data['citations'])} citations checked{wrong}"

    def _agent_started(self, data: Event) -> str:
        return f"    [bold]{escape(data['agent'])}[/] begins {escape(data['task'])}"

    def _agent_finished(self, data: Event) -> str:
        return f"    [bold]{escape(data['agent'])}[/] is done  [dim]{escape(_short(data['text']))}[/]"

    def _model_called(self, data: Event) -> str:
        about = "~" if data["estimated"] else ""
        return (
            f"    [dim]{escape(data['model'])}: {about}{data['tokens_in']} tokens in, {about}{data['tokens_out']} out,"
            f" {data['seconds']:.1f} s[/]"
        )

    def _model_failed(self, data: Event) -> str:
        return f"    [red]{escape(data['model'])}[/] {_reason(data['reason'])}"

    def _model_fell_back(self, data: Event) -> str:
        return f"    [yellow]{escape(data['to'])}[/] is asked instead of {escape(data['model'])}"

    def _budget_exceeded(self, data: Event) -> str:
        return f"    [bold yellow]budget {escape(data['name'])} is exhausted[/]: {escape(data['handling'])}"

    def _agent_thought(self, data: Event) -> str:
        return f"    [bold]{escape(data['agent'])}[/] thinks  [dim]{escape(_short(data['text']))}[/]"

    def _agent_delegated(self, data: Event) -> str:
        return f"    [bold]{escape(data['agent'])}[/] hands work to [bold]{escape(data['to'])}[/]"

    def _crew_planned(self, data: Event) -> str:
        return f"    [bold]{escape(data['agent'])}[/] planned the work"

    def _guardrail_refused(self, data: Event) -> str:
        return f"    [yellow]refused: {escape(data['task'])}[/] [dim]{escape(_short(data['text']))}[/]"

    def _tool_called(self, data: Event) -> str:
        return f"    [magenta]⚒ {escape(data['tool'])}[/] [dim]{escape(_short(data['arguments']))}[/]"

    def _tool_returned(self, data: Event) -> str:
        return f"    [magenta]⚒ {escape(data['tool'])}[/] gave [dim]{escape(_short(data['excerpt']))}[/]"

    def _tool_failed(self, data: Event) -> str:
        return f"    [red]⚒ {escape(data['tool'])}[/] {_reason(data['reason'])}"

    def _effect_recorded(self, data: Event) -> str:
        return f"    {escape(data['name'])} [dim]{escape(data['status'])}  {escape(_short(data['about']))}[/]"

    def _approval_requested(self, data: Event) -> str:
        return f"[bold yellow]? {escape(data['title'])}[/]"

    def _approval_decided(self, data: Event) -> str:
        said = f": “{escape(data['comment'])}”" if data["comment"] else ""
        who = f"by {escape(data['actor'])}" if data["actor"] else "because nobody decided in time"
        return f"[bold]{escape(data['decision'])}[/] {who}{said}"

    def _approval_reminded(self, data: Event) -> str:
        return f"[yellow]reminded[/] of the open question ({data['times']})"

    def _approval_escalated(self, data: Event) -> str:
        named = ", ".join(escape(name) for names in data["to"].values() for name in names)
        return f"[yellow]asked[/] {named} {'instead' if data['move'] else 'as well'}"

    def _approval_voted(self, data: Event) -> str:
        who = escape(data["actor"]) + (f" for {escape(data['for_user'])}" if data["for_user"] else "")
        return f"{escape(data['decision'])} by {who}: {data['approved']} of {data['needed']}"

    def _artifact_created(self, data: Event) -> str:
        return f"    made [italic]{escape(data['name'])}[/] ({data['bytes']:,} bytes)"

    def _title(self, data: Event) -> str:
        return self._titles.get(data["node"], str(data["node"]))


def _reason(reason: Event) -> str:
    where = f" at {reason['node']}" if reason.get("node") else ""
    return escape(f"{reason['message']} ({reason['code']}{where})")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"
