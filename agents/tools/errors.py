"""What goes wrong with tools."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound


class ToolGone(NotFound):
    """The agent has a tool that does not exist here any more."""

    code = "tool_gone"


class ArgumentsInvalid(InvalidInput):
    """The arguments do not fit the tool."""

    code = "tool_arguments_invalid"


class ToolRejected(Conflict):
    """A person decided that this is not to be done."""

    code = "rejected"


class ToolFailedToAnswer(NexodError):
    """The tool could not give an answer."""

    code, status = "tool_failed", 502
