"""Whether the result of a task is good enough: held to its guardrails, tried again, shown to a person where the task says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agents.crew.bridge import Bridge
from agents.crew.errors import GuardrailFailed
from agents.crew.llm import asked
from agents.crew.review import ask_about, with_feedback
from agents.crew.spec import CrewAgent, CrewTask
from agents.crew.telling import tell
from agents.guardrails import refusal
from agents.guardrails.judge import judge_with
from nexod.kernel.events import GuardrailRefused

EXCERPT = 1000
Attempt = Callable[[str], str]
"""Does the task once; called with what the agent reads besides its context."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What the result of ``task``, done by ``agent``, has to go through."""

    task: CrewTask
    agent: CrewAgent
    bridge: Bridge

    def settled(self, attempt: Attempt) -> str:
        """Return the result that is good enough, or that a person let through; raise CrewStopped otherwise."""
        result, tries, changes = attempt(""), 1, 0
        while True:
            why = asked(self.bridge, partial(self._refused, result, tries))
            if why and tries <= self.task.max_retries:
                result, tries = attempt(_complaint(result, why)), tries + 1
                continue
            if not why and not self.task.human_input:
                return result
            question = partial(ask_about, self.task, self.agent.role, result, changes=changes, refused=why)
            answer = asked(self.bridge, question)
            if answer.decision != "request_changes":
                return answer.content
            result, tries, changes = attempt(with_feedback(result, answer.comment)), 1, changes + 1

    def _refused(self, result: str, tries: int) -> str:
        """Return why the first guardrail that is not satisfied is not, and tell it; raise GuardrailFailed after the last try."""
        judge = judge_with(self.agent)
        for guardrail in self.task.guardrails:
            if why := refusal(guardrail, result, judge):
                last = tries > self.task.max_retries
                handling = self.task.on_failure if last else "retry"
                told = {"guardrail": guardrail["kind"], "text": why[:EXCERPT], "attempt": tries, "handling": handling}
                tell(GuardrailRefused, agent=self.agent.role, task=self.task.name, **told)
                if handling == "fail":
                    raise GuardrailFailed(
                        f"The result of the task {self.task.name!r} was refused {tries} times. {why}",
                        details={"task": self.task.name, "guardrail": guardrail["kind"], "tries": tries},
                    )
                return why
        return ""


def _complaint(result: str, why: str) -> str:
    return f"Your last answer was:\n\n{result}\n\nIt was refused: {why}\n\nAnswer again, so that this is mended."
