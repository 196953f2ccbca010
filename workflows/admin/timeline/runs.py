"""What happened to the run as a whole, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from workflows.admin.timeline.base import Data, Line, by, reason, totals


def _run_created(data: Data) -> Line:
    return "add_circle", "quiet", f"Run of {data['target']} asked for{by(data)}", ""


def _run_started(data: Data) -> Line:
    again = data.get("attempt", 1)
    return "play_circle", "busy", "A worker took the run" + (f" (attempt {again})" if again > 1 else ""), ""


def _run_waiting(data: Data) -> Line:
    return "pause_circle", "attention", f"Waiting for {data['waiting_for']}", ""


def _run_resumed(data: Data) -> Line:
    return "resume", "busy", f"Resumed{by(data)}", ""


def _run_retried(data: Data) -> Line:
    anew = ", ".join(data.get("nodes") or [])
    changed = [
        *(["the inputs"] if data.get("inputs") is not None else []),
        *(f"what {n} gave" for n in data["outputs"]),
    ]
    details = [f"Done anew: {anew}" if anew else "", f"Changed: {', '.join(changed)}" if changed else ""]
    return "edit", "attention", f"Changed before it goes on{by(data)}", " · ".join(filter(None, details))


def _compensating(data: Data) -> Line:
    why = "was cancelled" if data["cause"] == "cancelled" else "failed"
    return "undo", "attention", f"The run {why}; what it did is undone", ", ".join(data["nodes"])


def _compensated(data: Data) -> Line:
    left = ", ".join(f"{found['node']} ({found['reason']['message']})" for found in data["not_undone"])
    text = f"{len(data['undone'])} of {len(data['undone']) + len(data['not_undone'])} undone"
    return "undo", "bad" if left else "good", text, f"Not undone: {left}" if left else ""


def _run_completed(data: Data) -> Line:
    return "check_circle", "good", "Run completed", totals(data)


def _run_failed(data: Data) -> Line:
    return "error", "bad", "Run failed", reason(data)


def _pause_requested(data: Data) -> Line:
    return "pause_circle", "attention", f"Pausing asked for{by(data)}", ""


_HANDED_BACK = {
    "worker_stopping": "The worker was stopped; the run goes on at another one",
    "database_away": "The database was away; the run goes on",
}


def _run_handed_back(data: Data) -> Line:
    return "sync", "busy", _HANDED_BACK.get(data["reason"], "Back in the queue"), ""


def _cancel_requested(data: Data) -> Line:
    return "stop_circle", "attention", f"Cancelling asked for{by(data)}", ""


def _run_cancelled(data: Data) -> Line:
    return "block", "quiet", "Run cancelled", ""


TELLERS: dict[str, Callable[[Data], Line]] = {
    "run.created": _run_created,
    "run.started": _run_started,
    "run.waiting": _run_waiting,
    "run.resumed": _run_resumed,
    "run.retried": _run_retried,
    "run.compensating": _compensating,
    "run.compensated": _compensated,
    "run.completed": _run_completed,
    "run.failed": _run_failed,
    "run.pause_requested": _pause_requested,
    "run.handed_back": _run_handed_back,
    "run.cancel_requested": _cancel_requested,
    "run.cancelled": _run_cancelled,
}
