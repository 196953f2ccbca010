"""What models were asked, what it cost, and what was refused for its cost."""

from __future__ import annotations

from nexod.kernel.events.base import Reason, StepEvent


class ModelCalled(StepEvent):
    type = "model.called"
    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: float = 0.0
    seconds: float = 0.0
    agent: str = ""
    excerpt: str = ""
    estimated: bool = False
    connection: str = ""
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    first_token_s: float | None = None
    cached: bool = False


class ModelCallFailed(StepEvent):
    type = "model.failed"
    model: str
    reason: Reason


class ModelFellBack(StepEvent):
    """A call went to the next model of the agent's chain; ``reason`` says why not to the one before."""

    type = "model.fell_back"
    model: str
    to: str
    agent: str = ""
    reason: Reason


class BudgetExceeded(StepEvent):
    """A call did not fit into a budget any more; ``handling`` is what was done: stop, fall_back or ask."""

    type = "budget.exceeded"
    budget: str
    name: str
    limit: float
    used: float
    wanted: float
    unit: str = "USD"
    handling: str = "stop"
    agent: str = ""
