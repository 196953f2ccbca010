"""What happened in a run, told in sentences: one line per event, with an icon, a tone and a detail."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nexod.admin import formats, states
from workflows.models import RunEvent

Data = dict[str, Any]
_BEFORE_MARK = re.compile(r"\s+([:,.])")
_PUNCTUATION = re.compile(r"[{}\[\]\"]+|\\\\n")
LONGEST_DETAIL = 400


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline."""

    seq: int
    at: datetime
    icon: str
    tone: str
    text: str
    detail: str = ""
    node: str = ""


def told(event: RunEvent, titles: Mapping[str, str]) -> Told:
    """Return the event as a line; ``titles`` names the nodes, an unknown type is shown by its own name."""
    teller = _TELLERS.get(event.type, _unknown)
    node = str(event.data.get("node", ""))
    lists = {key: [titles.get(n, n) for n in event.data[key]] for key in ("nodes", "undone") if key in event.data}
    icon, tone, text, detail = teller({"type": event.type, **event.data, **lists, "node": titles.get(node, node)})
    return Told(event.seq, event.at, icon, tone, text, _readable(detail), node)


def _readable(detail: str) -> str:
    """Cut a long detail, and take the brackets and quotes out of what is the beginning of a JSON object."""
    short = detail
    if detail.startswith("{"):
        short = _BEFORE_MARK.sub(r"\1", " ".join(_PUNCTUATION.sub(" ", detail).split()))
    return short if len(short) <= LONGEST_DETAIL else f"{short[:LONGEST_DETAIL]}…"


Line = tuple[str, str, str, str]


def _unknown(data: Data) -> Line:
    return "circle", "quiet", str(data["type"]), ""


def _reason(data: Data) -> str:
    return str((data.get("reason") or {}).get("message", ""))


def _totals(data: Data) -> str:
    totals = data.get("totals") or {}
    tokens = totals.get("tokens_in", 0) + totals.get("tokens_out", 0)
    parts = [formats.duration(totals.get("seconds", 0))]
    if tokens:
        parts.append(f"{formats.count(tokens)} tokens")
    if totals.get("cost_usd"):
        parts.append(formats.usd(totals["cost_usd"]))
    return " · ".join(parts)


def _by(data: Data) -> str:
    return f" by {data['actor']}" if data.get("actor") else ""


def _run_created(data: Data) -> Line:
    return "add_circle", "quiet", f"Run of {data['target']} asked for{_by(data)}", ""


def _run_started(data: Data) -> Line:
    again = data.get("attempt", 1)
    return "play_circle", "busy", "A worker took the run" + (f" (attempt {again})" if again > 1 else ""), ""


def _run_waiting(data: Data) -> Line:
    return "pause_circle", "attention", f"Waiting for {data['waiting_for']}", ""


def _run_resumed(data: Data) -> Line:
    return "resume", "busy", f"Resumed{_by(data)}", ""


def _run_completed(data: Data) -> Line:
    return "check_circle", "good", "Run completed", _totals(data)


def _run_failed(data: Data) -> Line:
    return "error", "bad", "Run failed", _reason(data)


def _pause_requested(data: Data) -> Line:
    return "pause_circle", "attention", f"Pausing asked for{_by(data)}", ""


_HANDED_BACK = {
    "worker_stopping": "The worker was stopped; the run goes on at another one",
    "database_away": "The database was away; the run goes on",
}


def _run_handed_back(data: Data) -> Line:
    return "sync", "busy", _HANDED_BACK.get(data["reason"], "Back in the queue"), ""


def _cancel_requested(data: Data) -> Line:
    return "stop_circle", "attention", f"Cancelling asked for{_by(data)}", ""


def _run_cancelled(data: Data) -> Line:
    return "block", "quiet", "Run cancelled", ""


def _run_retried(data: Data) -> Line:
    anew = ", ".join(data.get("nodes") or [])
    changed = [
        *(["the inputs"] if data.get("inputs") is not None else []),
        *(f"what {n} gave" for n in data["outputs"]),
    ]
    details = [f"Done anew: {anew}" if anew else "", f"Changed: {', '.join(changed)}" if changed else ""]
    return "edit", "attention", f"Changed before it goes on{_by(data)}", " · ".join(filter(None, details))


def _compensating(data: Data) -> Line:
    why = "was cancelled" if data["cause"] == "cancelled" else "failed"
    return "undo", "attention", f"The run {why}; what it did is undone", ", ".join(data["nodes"])


def _compensated(data: Data) -> Line:
    left = ", ".join(f"{found['node']} ({found['reason']['message']})" for found in data["not_undone"])
    text = f"{len(data['undone'])} of {len(data['undone']) + len(data['not_undone'])} undone"
    return "undo", "bad" if left else "good", text, f"Not undone: {left}" if left else ""


def _step_started(data: Data) -> Line:
    visit, attempt = data.get("visit", 1), data.get("attempt", 1)
    marks = [f"visit {visit}" if visit > 1 else "", f"attempt {attempt}" if attempt > 1 else ""]
    again = ", ".join(filter(None, marks))
    return (
        "undo" if data.get("undoes") else "arrow_right",
        "busy",
        f"{data['node']} started{f' ({again})' * bool(again)}",
        "",
    )


def _step_completed(data: Data) -> Line:
    route = f" → {data['route']}" if data.get("route") else ""
    summary = data.get("summary", "")
    detail = " · ".join(filter(None, ("" if summary == route.strip() else summary, _totals(data))))
    return "check_circle", "good", f"{data['node']} done{route}", detail


def _step_failed(data: Data) -> Line:
    handled = data.get("handled", False)
    text = f"{data['node']} failed{', and the run goes on' * handled}"
    return "error", "attention" if handled else "bad", text, _reason(data)


def _step_retried(data: Data) -> Line:
    text = f"{data['node']} is tried again in {formats.duration(data['delay_s'])} (attempt {data['attempt']})"
    return "refresh", "attention", text, _reason(data)


def _step_resumed(data: Data) -> Line:
    return "resume", "busy", f"{data['node']} goes on", ""


_EFFECTS = {
    "done": ("public", "good", "done"),
    "failed": ("public_off", "bad", "failed"),
    "unknown": ("help", "attention", "nobody knows whether it happened"),
}


def _effect_recorded(data: Data) -> Line:
    icon, tone, word = _EFFECTS.get(data["status"], ("public", "quiet", data["status"]))
    again = f" (time {data['begun']})" if data.get("begun", 1) > 1 else ""
    return icon, tone, f"{data['name']}: {word}{again}", data.get("about", "")


def _retrieved(data: Data) -> Line:
    documents = data.get("documents") or []
    count = data["chunks"]
    text = f"{count} passage{'' if count == 1 else 's'} found"
    return "menu_book", "good" if count else "attention", text, ", ".join(documents[:6])


def _agent_started(data: Data) -> Line:
    return "smart_toy", "busy", f"{data['agent']} begins {data['task']}".rstrip(), ""


def _agent_finished(data: Data) -> Line:
    return "smart_toy", "good", f"{data['agent']} finished {data['task']}".rstrip(), data.get("text", "")


def _model_called(data: Data) -> Line:
    who = f"{data['agent']} asked " if data.get("agent") else ""
    tokens = f"{formats.count(data['tokens_in'])} → {formats.count(data['tokens_out'])} tokens"
    text = f"{who}{data['model']}: {tokens} in {formats.duration(data.get('seconds', 0))}"
    # What an agent's model said is told again when the agent has finished.
    return "bolt", "quiet", text, "" if who else data.get("excerpt", "")


def _model_failed(data: Data) -> Line:
    return "error", "bad", f"{data['model']} did not answer", _reason(data)


def _approval_requested(data: Data) -> Line:
    asked = "A person is asked" if data.get("kind") == "effect" else "Approval asked for"
    return "how_to_reg", "attention", asked, data["title"]


def _approval_decided(data: Data) -> Line:
    decision = data["decision"]
    return "how_to_reg", states.tone(decision), f"{states.word(decision)}{_by(data)}", data.get("comment", "")


def _artifact_created(data: Data) -> Line:
    return "draft", "good", f"Artifact made: {data['name']}", formats.size(data["bytes"])


_TELLERS: dict[str, Callable[[Data], Line]] = {
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
    "step.started": _step_started,
    "step.completed": _step_completed,
    "step.failed": _step_failed,
    "step.retried": _step_retried,
    "step.resumed": _step_resumed,
    "effect.recorded": _effect_recorded,
    "knowledge.retrieved": _retrieved,
    "agent.started": _agent_started,
    "agent.finished": _agent_finished,
    "model.called": _model_called,
    "model.failed": _model_failed,
    "approval.requested": _approval_requested,
    "approval.decided": _approval_decided,
    "artifact.created": _artifact_created,
}
