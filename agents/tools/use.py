"""The one way in which a tool is used: checked, approved where that was asked for, done once, bounded and told."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from agents.tools.arguments import checked, read
from agents.tools.base import BoundTool, Json
from agents.tools.errors import ArgumentsInvalid, ToolFailedToAnswer, ToolRejected
from agents.tools.fence import as_text, fenced
from agents.tools.permission import permitted
from nexod.kernel import run_port
from nexod.kernel.errors import NexodError, StopsRun
from nexod.kernel.events import Reason, StepEvent, ToolCalled, ToolFailed, ToolReturned
from nexod.kernel.run_port import NotPerformed, RunPort, SideEffect, Unusable

EXCERPT = 2_000
Doing = Callable[[Callable[[str], Any], bool], Callable[[str], Json]]
"""Makes what a tool does, and whether that may be repeated, into what the run performs."""
_uses: WeakKeyDictionary[RunPort, Counter[str]] = WeakKeyDictionary()


@dataclass(slots=True)
class _Use:
    """One use of a tool; ``call`` is the same whenever the step begins again and comes to it."""

    bound: BoundTool
    agent: str
    task: str
    given: Any
    call: str = ""
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.call = _call(self.bound.name, self.given)


def use_tool(bound: BoundTool, arguments: str | Json, *, agent: str, task: str = "") -> str:
    """Return what the tool gave, fenced as data, for a model to read; an error is such a text too.

    ``arguments`` are the model's own: JSON text, or the value. May park the run for an approval. Only what stops the run or
    its step leaves: a park, StopsRun, a database that is away, and what nobody foresaw.
    """
    try:
        return fenced(bound.name, as_text(_used(_Use(bound, agent, task, read(arguments)), _for_a_model)))
    except StopsRun:
        raise
    except NexodError as error:
        return _failure(bound, error)


def run_tool(bound: BoundTool, arguments: str | Json, *, agent: str = "") -> Any:
    """Return what the tool gave, as it gave it, for a program to work with: on the same way as ``use_tool``.

    Raises what the tool raises, ArgumentsInvalid, or ToolRejected when a person did not allow it; may park the run.
    """
    return _used(_Use(bound, agent, "", read(arguments)), _for_a_program)


def unknown_tool(name: str, arguments: str, known: list[str], *, agent: str, task: str = "") -> str:
    """Return what a model reads that called a tool which it does not have."""
    error = ArgumentsInvalid(f"There is no tool {name[:100]!r}. There are: {', '.join(known) or 'none'}.")
    port = run_port.current()
    if port is not None:
        about = {
            "node": port.node,
            "step": port.step_id,
            "call": _call(name, arguments),
            "tool": name[:100],
            "agent": agent,
        }
        port.emit(ToolCalled(**about, task=task, arguments=arguments[:EXCERPT]))
        port.emit(ToolFailed(**about, reason=Reason(code=error.code, message=error.message, node=port.node)))
    return f"Error: {error.message}"


def _used(use: _Use, doing: Doing) -> Any:
    """Return what the tool gave: its arguments checked, approved where that was asked for, done once, and told."""
    _tell(use, ToolCalled, task=use.task, arguments=_excerpt(use.given))
    try:
        fitting = checked(use.bound, use.given)
        done = partial(_is_done, use)
        fitting = permitted(use.bound, fitting, agent=use.agent, task=use.task, call=use.call, done=done)
        result = _performed(use, fitting, doing)
    except StopsRun:
        raise
    except NexodError as error:
        reason = Reason(code=error.code, message=error.message[:EXCERPT], node=getattr(run_port.current(), "node", ""))
        _tell(use, ToolFailed, reason=reason)
        raise
    seconds = round(time.monotonic() - use.began, 3)
    _tell(use, ToolReturned, excerpt=_excerpt(result), seconds=seconds)
    return result


def _performed(use: _Use, arguments: Json, doing: Doing) -> Any:
    """Return what the tool gives, kept by the run: when the step begins again it is the same."""
    tool, settings = use.bound.tool, use.bound.settings
    if tool.repeatable:
        return tool.run(arguments, settings, use.call)
    wanted = _wanted(use.bound, arguments)
    may_repeat = wanted.idempotent
    given = run_port.performed(wanted, doing(lambda key: tool.run(arguments, settings, key), may_repeat))
    if given.by_person and doing is _for_a_program:
        return given.result
    if given.by_person:
        return {"told_by_a_person": given.result if given.result is not None else "It was done."}
    if "error" in given.result:
        raise _again(given.result["error"])
    return given.result["result"]


def _wanted(bound: BoundTool, arguments: Json) -> SideEffect:
    tool, settings = bound.tool, bound.settings
    return SideEffect(
        kind="tool",
        name=bound.name,
        request=[tool.name, settings, arguments],
        idempotent=not tool.side_effect or tool.may_repeat(arguments, settings),
        shown={"tool": tool.name, "arguments": arguments},
        about=tool.about(arguments, settings),
    )


def _is_done(use: _Use, arguments: Json) -> bool:
    """Say whether this use was done when the step came to it before: what was recorded of it counts, whoever may what now."""
    port = run_port.current()
    return port is not None and not use.bound.tool.repeatable and port.is_done(_wanted(use.bound, arguments))


def _for_a_program(run: Callable[[str], Any], may_repeat: bool) -> Callable[[str], Json]:
    """Return what does it and lets errors out: a step that is tried again does again what did not happen."""
    return lambda key: {"result": run(key)}


def _for_a_model(run: Callable[[str], Any], may_repeat: bool) -> Callable[[str], Json]:
    """Return what does it and keeps an error as its result: a step that begins again tells the model the same."""

    def perform(key: str) -> Json:
        try:
            return {"result": as_text(run(key))}
        except (NotPerformed, Unusable) as told:
            return {"error": told.reason.as_dict()}
        except StopsRun:
            raise
        except NexodError as error:
            if not may_repeat:
                raise  # nobody knows whether it happened: the run asks a person
            return {"error": error.as_dict()}

    return perform


def _again(told: Json) -> NexodError:
    """Return the error that the run has kept."""
    error = ToolFailedToAnswer(told["message"], details=told["details"])
    error.code = told["code"]  # type: ignore[misc]
    return error


def _failure(bound: BoundTool, error: NexodError) -> str:
    """Return the error as a model reads it; why a person did not allow it is no data, and stands unfenced."""
    if error.code == ToolRejected.code:
        return error.message
    told = error.as_dict()["details"]
    details = f"\n{as_text(told)}" if told else ""
    return fenced(bound.name, f"Error: {error.message}{details}")


def _tell(use: _Use, event: type[StepEvent], **data: Any) -> None:
    if (port := run_port.current()) is not None:
        about = {"call": use.call, "tool": use.bound.name, "agent": use.agent}
        port.emit(event(node=port.node, step=port.step_id, **about, **data))


def _call(name: str, arguments: Any) -> str:
    """Return what tells this use from the others of the step: the same one when the step begins again, in any order."""
    text = json.dumps([name, arguments], sort_keys=True, default=str)
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    port = run_port.current()
    if port is None:
        return f"{mark}-1"
    seen = _uses.setdefault(port, Counter())
    seen[mark] += 1
    return f"{mark}-{seen[mark]}"


def _excerpt(arguments: Any) -> str:
    return as_text(arguments)[:EXCERPT]
