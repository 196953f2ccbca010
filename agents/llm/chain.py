"""The models of a chain in turn: when one cannot answer, the next is asked, and the run is told."""

from __future__ import annotations

from collections.abc import Callable

from agents.llm.endpoint import Endpoint, Reply
from agents.llm.errors import ModelError
from nexod.kernel import run_port
from nexod.kernel.errors import NexodError
from nexod.kernel.events import ModelFellBack, Reason
from nexod.kernel.run_port import BudgetExhausted


class Chain:
    """The endpoints of one question; the one that answered is asked first when the question goes on."""

    def __init__(self, endpoints: tuple[Endpoint, ...], agent: str) -> None:
        self.first = endpoints[0]
        self._left = list(endpoints)
        self._agent = agent

    @property
    def endpoint(self) -> Endpoint:
        """The one that is asked now."""
        return self._left[0]

    @property
    def has_another(self) -> bool:
        """Say whether there is one to fall back on."""
        return len(self._left) > 1

    def answer(self, ask: Callable[[Endpoint], Reply]) -> Reply:
        """Return the first answer; the last endpoint's error is raised."""
        while self.has_another:
            try:
                return ask(self.endpoint)
            except (ModelError, BudgetExhausted) as error:
                if not _falls_back(error):
                    raise
                self._fall_back(error)
        return ask(self.endpoint)

    def _fall_back(self, error: NexodError) -> None:
        before = self._left.pop(0)
        port = run_port.current()
        if port is not None:
            told = error.as_dict()
            reason = Reason(code=told["code"], message=told["message"], node=port.node, details=told["details"])
            port.emit(
                ModelFellBack(
                    node=port.node,
                    step=port.step_id,
                    model=before.model,
                    to=self.endpoint.model,
                    agent=self._agent,
                    reason=reason,
                )
            )


def _falls_back(error: NexodError) -> bool:
    if isinstance(error, BudgetExhausted):
        return error.fall_back
    return isinstance(error, ModelError) and (error.transient or error.falls_back)
