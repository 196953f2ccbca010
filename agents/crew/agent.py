"""An agent at work on one task: it tells the run, uses its tools, hands out work, and answers for its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crewai import Agent, Task
from pydantic import PrivateAttr

from agents.crew.bridge import Bridge
from agents.crew.delegation import RESULT, found_coworker
from agents.crew.form import put_into_form
from agents.crew.llm import asked
from agents.crew.quality import Quality
from agents.crew.spec import CrewAgent
from agents.crew.telling import tell
from agents.tools.base import Json
from nexod.kernel.events import AgentDelegated, AgentFinished, AgentStarted

EXCERPT = 2000


class TellingAgent(Agent):
    """Made for one task, since CrewAI's agents can only do one thing at a time."""

    _spec: CrewAgent = PrivateAttr()
    _bridge: Bridge = PrivateAttr()
    _task: str = PrivateAttr(default="")
    _schema: Any = PrivateAttr(default=None)
    _quality: Quality | None = PrivateAttr(default=None)
    _own_tools: list[Any] = PrivateAttr(default_factory=list)
    _looked_up: Callable[[str], str] | None = PrivateAttr(default=None)

    def execute_task(self, task: Any, context: str | None = None, tools: Any = None) -> Any:
        """Do the task, and again until its result is good enough or the crew has to stop."""
        if self._looked_up is not None:
            look_up = self._looked_up
            found = asked(self._bridge, lambda: look_up(task.description))
            context = "\n\n".join(filter(None, (context, found)))
        if self._quality is None:
            return self._done(task, context)
        return self._quality.settled(lambda more: self._done(task, "\n\n".join(filter(None, (context, more)))))

    def delegate(self, to: TellingAgent, text: str, context: str) -> str:
        """Return what a coworker, made for this, answers to a piece of work or a question."""
        about = {"agent": self.role, "to": to.role, "task": self._task, "text": text[:EXCERPT]}
        asked(self._bridge, lambda: tell(AgentDelegated, **about))
        to.crew = self.crew
        return str(to.execute_task(Task(description=text, expected_output=RESULT, agent=to), context))

    def _done(self, task: Any, context: str | None) -> str:
        """Do the task once, with an event before and after."""
        asked(self._bridge, lambda: tell(AgentStarted, agent=self.role, task=self._task))
        said = str(super().execute_task(task, context or None, self._own_tools))
        result = asked(self._bridge, lambda: put_into_form(self._spec, said, self._schema))
        finished = {"agent": self.role, "task": self._task, "text": result[:EXCERPT]}
        asked(self._bridge, lambda: tell(AgentFinished, **finished))
        return result


def handing_out(
    agent: TellingAgent, coworkers: tuple[CrewAgent, ...], hire: Callable[[CrewAgent], TellingAgent]
) -> Any:
    """Return what the tools that hand out work do, for ``agent``: the model's arguments in, the coworker's answer out."""

    def hand_out(given: str | Json) -> str:
        if not isinstance(given, dict):
            return "Error: the arguments have to be one JSON object with the coworker, the work and its context."
        text = str(given.get("task") or given.get("question") or "")
        to = found_coworker(given.get("coworker", ""), coworkers)
        if to is None or not text:
            known = ", ".join(each.role for each in coworkers)
            return f"Error: say what is to be done, and by whom; your coworkers are {known}."
        return agent.delegate(hire(to), text, str(given.get("context", "")))

    return hand_out
