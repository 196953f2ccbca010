"""CrewAI's language model: every call of an agent goes through the gateway, in the thread that called for the crew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from crewai.hooks import HookAborted
from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from agents.context.fit import fitted
from agents.crew.bridge import Bridge, Stopped
from agents.crew.spec import CrewAgent
from agents.crew.telling import tell, voice_of
from agents.llm.endpoint import SMALL_ANSWER_TOKENS, Reply, ToolCall
from agents.llm.gateway import Gateway
from nexod.kernel import run_port
from nexod.kernel.events import AgentThought

T = TypeVar("T")
FINAL = "Final Answer:"
UNREAD = "__unread__"
"""The argument under which a tool gets what the model wrote where it is no JSON object."""
EXCERPT = 2000


class CrewStopped(HookAborted):
    """Ends the crew: the one exception that CrewAI neither retries nor hides. The reason itself waits in the bridge."""


def asked(bridge: Bridge, ask: Callable[[], T]) -> T:
    """Return what ``ask`` returns in the caller's thread; raise CrewStopped when the crew has to stop."""
    with suppress(Stopped):
        return bridge.call(ask)
    # Outside the handler: CrewAI searches an error's causes for rate limits, which it would wait for and try again.
    raise CrewStopped("The crew has to stop.", source="nexod")


class GatewayLLM(BaseLLM):
    """What one agent thinks with while it does one task."""

    llm_type: str = "nexod"
    _agent: CrewAgent = PrivateAttr()
    _bridge: Bridge = PrivateAttr()
    _task: str = PrivateAttr(default="")
    _schema: Mapping[str, Any] | None = PrivateAttr(default=None)
    _functions: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(
        cls,
        agent: CrewAgent,
        bridge: Bridge,
        *,
        task: str = "",
        schema: Mapping[str, Any] | None = None,
        functions: Mapping[str, Any] | None = None,
    ) -> GatewayLLM:
        """Return the model of ``agent``; its calls go over ``bridge``, its tools are ``functions`` as the protocol has them."""
        llm = cls(model=agent.endpoint.model, temperature=agent.temperature)
        llm._agent, llm._bridge, llm._task, llm._schema = agent, bridge, task, schema
        llm._functions = functions or {}
        return llm

    def supports_function_calling(self) -> bool:
        """Say whether tools are offered by the protocol; a small model reads about them in its prompt."""
        return not self._agent.endpoint.small

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the text of the answer, or the tool calls in the protocol's form; raise CrewStopped when there is none."""
        said = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        reply = asked(self._bridge, lambda: self._chat(said, tools or ()))
        return self._as_crewai_reads_it(reply)

    def _chat(self, messages: list[Any], tools: Sequence[Any]) -> Reply:
        run_port.rest()
        agent, bound = self._agent, self._bound()
        reply = Gateway(agent.endpoint, agent.fallbacks).chat(
            fitted(messages, agent.endpoint, bound),
            # With tools the answer may be a call, which a schema would forbid: the result is put into form afterwards.
            schema=None if self._functions else self._schema,
            temperature=agent.temperature,
            max_tokens=bound,
            # CrewAI's rendering of a tool's schema loses much of it.
            tools=[self._functions.get(tool["function"]["name"], tool) for tool in tools],
            stop=self.stop_sequences if self._functions and not tools else (),
            agent=agent.role,
            on_text=voice_of(agent.role),
        )
        if thought := _thought(reply, uses_tools=bool(self._functions)):
            tell(AgentThought, agent=agent.role, task=self._task, text=thought[:EXCERPT])
        return reply

    def _bound(self) -> int | None:
        """A small model rambles, so its texts are kept short; JSON ends by itself, and is worth nothing when it is cut."""
        wanted = self._agent.max_tokens
        if self._agent.endpoint.small and (self._schema is None or self._functions):
            return min(wanted or SMALL_ANSWER_TOKENS, SMALL_ANSWER_TOKENS)
        return wanted

    def _as_crewai_reads_it(self, reply: Reply) -> Any:
        if reply.tool_calls:
            return [_called(call) for call in reply.tool_calls]
        text = reply.text if reply.data is None else json.dumps(reply.data, ensure_ascii=False)
        # Who has no tools has answered, whatever the text looks like; this mark ends CrewAI's parsing at once.
        return text if self._functions or FINAL in text else f"{FINAL} {text}"


def _called(call: ToolCall) -> dict[str, Any]:
    """Return the call; what CrewAI could not read as arguments is handed through, so that the tool itself says so."""
    arguments = call.arguments or "{}"
    try:
        readable = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        readable = False
    if not readable:
        arguments = json.dumps({UNREAD: arguments})
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _thought(reply: Reply, *, uses_tools: bool) -> str:
    """Return what the agent said before it goes on with a tool; an answer is no thought."""
    if reply.tool_calls:
        return reply.text.strip()
    before, found, _ = reply.text.partition("\nAction:")
    return before.strip().removeprefix("Thought:").strip() if uses_tools and found else ""
