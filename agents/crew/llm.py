"""CrewAI's language model: every call of an agent goes through the gateway, in the thread that called for the crew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from crewai.hooks import HookAborted
from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from agents.crew.bridge import Bridge, Stopped
from agents.crew.fit import fitted
from agents.crew.spec import CrewAgent
from agents.llm.endpoint import SMALL_ANSWER_TOKENS, Reply
from agents.llm.gateway import Gateway

T = TypeVar("T")
Schemas = Mapping[str, Mapping[str, Any]]
FINAL = "Final Answer:"


class CrewStopped(HookAborted):
    """Ends the crew: the one exception that CrewAI neither retries nor hides. The reason itself waits in the bridge."""


def asked(bridge: Bridge, ask: Callable[[], T]) -> T:
    """Return what ``ask`` returns in the caller's thread; raise CrewStopped when the crew has to stop."""
    with suppress(Stopped):
        return bridge.call(ask)
    # Outside the handler: CrewAI searches an error's causes for rate limits, which it would wait for and try again.
    raise CrewStopped("The crew has to stop.", source="nexod")


class GatewayLLM(BaseLLM):
    """What one agent thinks with. ``schemas`` are the output schemas by the name of the task."""

    llm_type: str = "nexod"
    _agent: CrewAgent = PrivateAttr()
    _bridge: Bridge = PrivateAttr()
    _schemas: Schemas = PrivateAttr(default_factory=dict)
    _uses_tools: bool = PrivateAttr(default=False)

    @classmethod
    def of(cls, agent: CrewAgent, bridge: Bridge, schemas: Schemas, *, uses_tools: bool = False) -> GatewayLLM:
        """Return the model of ``agent``, whose calls go over ``bridge``."""
        llm = cls(model=agent.endpoint.model, temperature=agent.temperature)
        llm._agent, llm._bridge, llm._schemas, llm._uses_tools = agent, bridge, schemas, uses_tools
        return llm

    def supports_function_calling(self) -> bool:
        """Say whether tools are offered by the protocol; a small model reads about them in its prompt."""
        return not self._agent.endpoint.small

    def call(self, messages: Any, tools: Any = None, *args: Any, from_task: Any = None, **kwargs: Any) -> Any:
        """Return the text of the answer, or the tool calls in the protocol's form; raise CrewStopped when there is none."""
        said = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        name = getattr(from_task, "name", None) or ""
        reply = asked(self._bridge, lambda: self._chat(said, tools or (), self._schemas.get(name)))
        return self._as_crewai_reads_it(reply)

    def _chat(self, messages: list[Any], tools: Any, schema: Mapping[str, Any] | None) -> Reply:
        agent, bound = self._agent, self._bound(schema)
        return Gateway(agent.endpoint).chat(
            fitted(messages, agent.endpoint, bound),
            # With tools the answer may be a call, which a schema would forbid: the result is put into form afterwards.
            schema=None if self._uses_tools else schema,
            temperature=agent.temperature,
            max_tokens=bound,
            tools=tools,
            stop=self.stop_sequences if self._uses_tools and not tools else (),
            agent=agent.role,
        )

    def _bound(self, schema: Mapping[str, Any] | None) -> int | None:
        """A small model rambles, so its texts are kept short; JSON ends by itself, and is worth nothing when it is cut."""
        wanted = self._agent.max_tokens
        if self._agent.endpoint.small and (schema is None or self._uses_tools):
            return min(wanted or SMALL_ANSWER_TOKENS, SMALL_ANSWER_TOKENS)
        return wanted

    def _as_crewai_reads_it(self, reply: Reply) -> Any:
        if reply.tool_calls:
            return [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in reply.tool_calls
            ]
        text = reply.text if reply.data is None else json.dumps(reply.data, ensure_ascii=False)
        # Who has no tools has answered, whatever the text looks like; this mark ends CrewAI's parsing at once.
        return text if self._uses_tools or FINAL in text else f"{FINAL} {text}"
