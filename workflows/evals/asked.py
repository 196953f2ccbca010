"""What is kept of a request for people to read, and how two of them differ. The hash of the whole is what decides."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from workflows.evals.secrecy import Censor

Json = dict[str, Any]
MAX_TEXT, MAX_ALL = 40_000, 200_000
MAX_LEVELS = 40
DIFF_LINES, DIFF_LINE, DIFF_ALL = 120, 300, 12_000
THIS_RUN = "run"


def anonymous(value: Any, run_id: UUID | str) -> Any:
    """Return the value with the run's id replaced, which another run of the same differs in."""
    text = json.dumps(value, default=str)
    return json.loads(text.replace(str(run_id), THIS_RUN)) if str(run_id) in text else value


def kept(value: Any, censor: Censor | None = None) -> Any:
    """Return the request as it is stored: no secrets, long texts without their middle; None when even that is too much."""
    shown = _cut((censor or Censor()).clean(value, sure=False))
    return shown if len(json.dumps(shown, default=str)) <= MAX_ALL else None


def of_model(name: str, request: Any) -> Json:
    """Return what is kept of a model call: the model and whatever determines its answer."""
    given = request if isinstance(request, dict) else {"request": request}
    return {"model": name, **{field: value for field, value in given.items() if value not in (None, [], {}, "")}}


def difference(before: Any, now: Any) -> str:
    """Return a unified diff of two kept requests, as people read them; empty when what is kept of both is the same."""
    rows = difflib.unified_diff(list(_lines(before)), list(_lines(now)), "recorded", "now", lineterm="", n=2)
    shown: list[str] = []
    for row in rows:
        if len(shown) == DIFF_LINES:
            shown.append("…")
            break
        shown.append(row if len(row) <= DIFF_LINE else f"{row[:DIFF_LINE]}…")
    return "\n".join(shown)[:DIFF_ALL]


def _lines(value: Any) -> Iterator[str]:
    """Yield the request line by line: a message as its role and its text, everything else as indented JSON."""
    if not isinstance(value, dict):
        yield from _json("", value)
        return
    for name, part in sorted(value.items(), key=lambda item: (item[0] == "messages", item[0])):
        if name == "messages" and isinstance(part, list):
            for message in part:
                yield from _message(message)
        else:
            yield from _json(f"{name}: ", part)


def _message(message: Any) -> Iterator[str]:
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        yield from _json("message: ", message)
        return
    yield f"[{message.get('role', '')}]"
    yield from message["content"].splitlines() or [""]
    rest = {name: item for name, item in message.items() if name not in ("role", "content") and item}
    if rest:
        yield from _json("", rest)


def _json(label: str, value: Any) -> Iterator[str]:
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, default=str)
    )
    first, *rest = text.splitlines() or [""]
    yield f"{label}{first}"
    yield from rest


def _cut(value: Any, level: int = 0) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        half = MAX_TEXT // 2
        return f"{value[:half]} … ({len(value):,} characters) … {value[-half:]}"
    if isinstance(value, dict):
        return {name: _cut(item, level + 1) for name, item in value.items()} if level < MAX_LEVELS else "…"
    if isinstance(value, list | tuple):
        return [_cut(item, level + 1) for item in value] if level < MAX_LEVELS else "…"
    return value
