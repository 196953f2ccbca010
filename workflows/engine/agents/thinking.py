"""What an agent asks its model: the conversation as far as it fits, with its tools; in the last round, for an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from agents.context.fit import fitted
from agents.context.policies import Summary, fit, room_of
from agents.context.turns import Turn, told
from agents.errors import AgentRoundsExceeded
from agents.llm.endpoint import SMALL_ANSWER_TOKENS, Message, Reply
from agents.llm.gateway import Gateway
from agents.prompts import ANSWER_NOW
from agents.spec import AgentSpec
from nexod.kernel import run_port
from nexod.kernel.events import AgentThought

EXCERPT = 2_000


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model calls of one agent on one task. ``schema`` is what its last answer has to fit."""

    spec: AgentSpec
    head: Sequence[Message]
    task: str = ""
    schema: Mapping[str, Any] | None = None

    @property
    def has_tools(self) -> bool:
        """Say whether tools are offered: a small model can neither choose nor call one."""
        return bool(self.spec.tools) and not self.spec.endpoint.small

    def next(self, turns: Sequence[Turn], summary: Summary, *, number: int) -> tuple[Reply, Summary]:
        """Return the model's next answer, and the summary to remember; raise AgentRoundsExceeded."""
        run_port.rest()
        if number >= self.spec.rounds and turns:
            return self._last(turns), summary
        found = fit(
            self.head,
            turns,
            policy=self.spec.context_policy,
            room=self._room(),
            summary=summary,
            sum_up=self._summed_up,
        )
        reply = self._asked(found.messages, with_tools=self.has_tools)
        if reply.tool_calls and reply.text.strip():
            self._tell(reply.text)
        return reply, found.summary

    def in_form(self, text: str, schema: Mapping[str, Any]) -> Reply:
        """Return what the agent said in the form that is asked for."""
        question = f"Put this into the form that is asked for, and add nothing:\n\n{text}"
        return self._asked([{"role": "user", "content": question}], with_tools=False, schema=schema)

    def _last(self, turns: Sequence[Turn]) -> Reply:
        """Ask for the answer without tools, the turns told as text: not every provider lets tools be mentioned without them."""
        done = [[{"role": "assistant", "content": told(turn)}] for turn in turns]
        flat = fit(self.head, done, policy="trim", room=self._room(), summary=Summary(), sum_up=self._summed_up)
        reply = self._asked([*flat.messages, {"role": "user", "content": ANSWER_NOW}], with_tools=False)
        if reply.tool_calls:
            raise AgentRoundsExceeded(f"The agent did not answer within its {self.spec.rounds} rounds.")
        return reply

    def _asked(
        self, messages: Sequence[Message], *, with_tools: bool, schema: Mapping[str, Any] | None = None
    ) -> Reply:
        spec = self.spec
        # With tools the answer may be a call, which a schema would forbid: the last one is put into form afterwards.
        schema = schema or (None if self.has_tools else self.schema)
        bound = self._bound(schema)
        return Gateway(spec.endpoint, spec.fallbacks).chat(
            fitted(messages, spec.endpoint, bound),
            schema=schema,
            temperature=spec.temperature,
            max_tokens=bound,
            tools=[tool.as_function() for tool in spec.tools] if with_tools else (),
            agent=spec.role,
            on_text=self._said(),
        )

    def _said(self) -> Callable[[str], None] | None:
        """Return what passes the answer on while it streams."""
        port = run_port.current()
        if port is None:
            return None
        port.say("", agent=self.spec.role)
        return partial(port.say, agent=self.spec.role)

    def _summed_up(self, question: str) -> str:
        message = {"role": "user", "content": question}
        return (
            Gateway(self.spec.endpoint, self.spec.fallbacks).chat([message], temperature=0.0, agent=self.spec.role).text
        )

    def _bound(self, schema: Mapping[str, Any] | None) -> int | None:
        """A small model rambles, so its texts are kept short; JSON ends by itself, and is worth nothing when it is cut."""
        wanted = self.spec.max_tokens
        if self.spec.endpoint.small and schema is None:
            return min(wanted or SMALL_ANSWER_TOKENS, SMALL_ANSWER_TOKENS)
        return wanted

    def _room(self) -> int:
        return room_of(self.spec.endpoint, answer_tokens=self.spec.max_tokens, context_tokens=self.spec.context_tokens)

    def _tell(self, text: str) -> None:
        if (port := run_port.current()) is not None:
            said = text.strip()[:EXCERPT]
            port.emit(AgentThought(node=port.node, step=port.step_id, agent=self.spec.role, task=self.task, text=said))
