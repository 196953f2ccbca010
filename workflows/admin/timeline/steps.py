"""What happened to steps, and what they left or asked, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from nexod.admin import formats, states
from workflows.admin.citations import WRONG
from workflows.admin.timeline.base import Data, Line, by, reason, totals


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
    detail = " · ".join(filter(None, ("" if summary == route.strip() else summary, totals(data))))
    return "check_circle", "good", f"{data['node']} done{route}", detail


def _step_failed(data: Data) -> Line:
    handled = data.get("handled", False)
    text = f"{data['node']} failed{', and the run goes on' * handled}"
    return "error", "attention" if handled else "bad", text, reason(data)


_WAITS = {
    "timer": "waits for its time",
    "callback": "waits for a callback",
    "run": "waits for a run of its own",
    "items": "waits for some of its items",
}


def _step_waiting(data: Data) -> Line:
    until = f"until {data['until'][:16].replace('T', ' ')} UTC at the latest" if data["until"] else ""
    return "hourglass_empty", "attention", f"{data['node']} {_WAITS.get(data['kind'], 'waits')}", until


def _step_stopped(data: Data) -> Line:
    return "block", "quiet", f"{data['node']} was stopped: enough other branches have come in", ""


def _step_retried(data: Data) -> Line:
    text = f"{data['node']} is tried again in {formats.duration(data['delay_s'])} (attempt {data['attempt']})"
    return "refresh", "attention", text, reason(data)


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


def _citations_checked(data: Data) -> Line:
    flagged, every = data["flagged"], len(data["citations"])
    if not flagged:
        return "format_quote", "good", f"{every} citation{'' if every == 1 else 's'} checked", ""
    wrong = [
        f"[{one['ref']}] {WRONG[one['problem']]}: {one['sentence'][:120]}"
        for one in data["citations"]
        if one["problem"]
    ]
    return "format_quote", "attention", f"{flagged} of {every} citations do not hold", "; ".join(wrong[:4])


def _approval_requested(data: Data) -> Line:
    asked = "A person is asked" if data.get("kind") == "effect" else "Approval asked for"
    return "how_to_reg", "attention", asked, data["title"]


def _approval_voted(data: Data) -> Line:
    stands_in = f" for {data['for_user']}" if data.get("for_user") else ""
    text = f"{states.word(data['decision'])}{by(data)}{stands_in}: {data['approved']} of {data['needed']}"
    return "how_to_vote", states.tone(data["decision"]), text, data.get("comment", "")


def _approval_reminded(data: Data) -> Line:
    again = f" (time {data['times']})" if data.get("times", 1) > 1 else ""
    return "alarm", "attention", f"Those who may decide were reminded{again}", ""


def _approval_escalated(data: Data) -> Line:
    named = ", ".join(name for names in data["to"].values() for name in names)
    return "move_up", "attention", "Others decide now" if data["move"] else "Others may decide, too", named


def _approval_decided(data: Data) -> Line:
    decision = data["decision"]
    return "how_to_reg", states.tone(decision), f"{states.word(decision)}{by(data)}", data.get("comment", "")


def _artifact_created(data: Data) -> Line:
    return "draft", "good", f"Artifact made: {data['name']}", formats.size(data["bytes"])


TELLERS: dict[str, Callable[[Data], Line]] = {
    "step.started": _step_started,
    "step.completed": _step_completed,
    "step.failed": _step_failed,
    "step.waiting": _step_waiting,
    "step.stopped": _step_stopped,
    "step.retried": _step_retried,
    "step.resumed": _step_resumed,
    "effect.recorded": _effect_recorded,
    "knowledge.retrieved": _retrieved,
    "citations.checked": _citations_checked,
    "approval.requested": _approval_requested,
    "approval.voted": _approval_voted,
    "approval.reminded": _approval_reminded,
    "approval.escalated": _approval_escalated,
    "approval.decided": _approval_decided,
    "artifact.created": _artifact_created,
}
