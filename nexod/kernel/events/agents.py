"""What agents do while they work: think, use tools, hand out work."""

from __future__ import annotations

from nexod.kernel.events.base import Reason, StepEvent


class AgentStarted(StepEvent):
    type = "agent.started"
    agent: str
    task: str = ""


class AgentFinished(StepEvent):
    type = "agent.finished"
    agent: str
    task: str = ""
    text: str = ""


class AgentThought(StepEvent):
    """What an agent said before it went on to use a tool or hand out work."""

    type = "agent.thought"
    agent: str
    task: str = ""
    text: str = ""


class AgentDelegated(StepEvent):
    """An agent handed work, or a question, to another one."""

    type = "agent.delegated"
    agent: str
    to: str
    task: str = ""
    text: str = ""


class CrewPlanned(StepEvent):
    """A plan was made for the tasks of a crew, before the first of them."""

    type = "crew.planned"
    agent: str
    text: str = ""


class GuardrailRefused(StepEvent):
    """The result of a task does not satisfy a guardrail; ``handling`` is what is done: retry, ask or fail."""

    type = "guardrail.refused"
    agent: str
    task: str
    guardrail: str
    text: str
    attempt: int = 1
    handling: str = "retry"


class ToolCalled(StepEvent):
    """An agent uses a tool; ``call`` tells the uses of one step apart, ``arguments`` is JSON text, cut to an excerpt."""

    type = "tool.called"
    call: str
    tool: str
    agent: str = ""
    task: str = ""
    arguments: str = ""


class ToolReturned(StepEvent):
    """What the tool gave, as an excerpt."""

    type = "tool.returned"
    call: str
    tool: str
    agent: str = ""
    excerpt: str = ""
    seconds: float = 0.0


class ToolFailed(StepEvent):
    """The tool gave an error, which the agent reads."""

    type = "tool.failed"
    call: str
    tool: str
    agent: str = ""
    reason: Reason
