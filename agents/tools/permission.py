"""Whether an agent may use a tool now: by its rule, by what people allowed earlier, or because somebody allows it."""

from __future__ import annotations

from collections.abc import Callable

from agents.tools.approval import approved
from agents.tools.base import BoundTool, Json
from nexod.kernel import run_port


def permitted(
    bound: BoundTool, arguments: Json, *, agent: str, task: str, call: str, done: Callable[[Json], bool]
) -> Json:
    """Return the arguments with which it may be used; raise ToolRejected, or park the run until somebody has decided.

    A decision is remembered where the rule says so and a person took it: one that edited the arguments allows these, and not
    every use. Taken back, it is asked about again, also by a step that begins again; but nobody is asked about what was
    ``done`` before: what was recorded of it is what the step gets.
    """
    port = run_port.current()
    if port is None or not bound.rule.applies(arguments):
        return arguments
    once = bound.rule.ask == "first" and bool(bound.owner)
    if once and (_is_remembered(bound, arguments) or done(arguments)):
        return arguments
    bound.tool.require_possible(arguments, bound.settings)
    allowed, by = approved(bound, arguments, agent=agent, task=task, call=call)
    if once and by and (bound.rule.per == "arguments" or allowed == arguments):
        _remember(bound, allowed, port, call=call, by=by)
    return allowed


def _is_remembered(bound: BoundTool, arguments: Json) -> bool:
    from agents.actions.tool_permissions import is_permitted

    return is_permitted(bound.owner, bound.covers(arguments))


def _remember(bound: BoundTool, arguments: Json, port: run_port.RunPort, *, call: str, by: str) -> None:
    from agents.actions.tool_permissions import remember_permission

    remember_permission(
        bound,
        arguments,
        agent=bound.owner,
        run=port.run_id,
        step=port.step_id,
        call=call,
        by=by,
    )
