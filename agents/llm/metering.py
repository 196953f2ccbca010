"""Every call is told to the run and paid for, the failed ones too. Outside a run nothing is kept."""

from __future__ import annotations

from agents.llm.attempt import Attempt
from agents.llm.endpoint import Reply
from nexod.kernel import run_port
from nexod.kernel.errors import NexodError
from nexod.kernel.events import ModelCalled, ModelCallFailed, Reason

EXCERPT = 200


def record_answer(attempt: Attempt, reply: Reply) -> None:
    """Emit ModelCalled and spend what the call used."""
    port = run_port.current()
    if port is None:
        return
    _spend(port, attempt, reply)
    port.emit(
        ModelCalled(
            node=port.node,
            step=port.step_id,
            model=attempt.endpoint.model,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            cost_usd=reply.cost_usd,
            seconds=round(reply.seconds, 3),
            agent=attempt.ask.agent,
            excerpt=" ".join(reply.text.split())[:EXCERPT],
            estimated=reply.estimated,
        )
    )


def record_failure(attempt: Attempt, error: NexodError) -> None:
    """Emit ModelCallFailed; what had been answered by then is spent, since the provider charges for it."""
    port = run_port.current()
    if port is None:
        return
    if attempt.began:
        _spend(port, attempt, attempt.reply())
    told = error.as_dict()
    reason = Reason(code=told["code"], message=told["message"], node=port.node, details=told["details"])
    port.emit(ModelCallFailed(node=port.node, step=port.step_id, model=attempt.endpoint.model, reason=reason))


def _spend(port: run_port.RunPort, attempt: Attempt, reply: Reply) -> None:
    port.spend(
        run_port.Usage(
            model=attempt.endpoint.model,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            cost_usd=reply.cost_usd,
            seconds=reply.seconds,
            estimated=reply.estimated,
        )
    )
