"""Every call is told to the run and paid for, the failed ones too. Outside a run nothing is kept."""

from __future__ import annotations

from agents.llm.attempt import Attempt
from agents.llm.endpoint import Reply
from agents.llm.recall import kept
from nexod.kernel import run_port
from nexod.kernel.errors import NexodError
from nexod.kernel.events import ModelCalled, ModelCallFailed, Reason
from nexod.kernel.run_port import Recall, Usage

EXCERPT = 200


def record_answer(attempt: Attempt, reply: Reply, recall: Recall | None) -> None:
    """Tell ModelCalled, spend what the call used and keep what it answered: one commit, so that it is paid once."""
    port = run_port.current()
    if port is None:
        return
    called = ModelCalled(
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
    port.spend(_usage(attempt, reply), told=[called], recall=recall, result=kept(reply))


def record_failure(attempt: Attempt, error: NexodError) -> None:
    """Tell ModelCallFailed; what had been answered by then is spent, since the provider charges for it."""
    port = run_port.current()
    if port is None:
        return
    told = error.as_dict()
    reason = Reason(code=told["code"], message=told["message"], node=port.node, details=told["details"])
    failed = ModelCallFailed(node=port.node, step=port.step_id, model=attempt.endpoint.model, reason=reason)
    if attempt.began:
        port.spend(_usage(attempt, attempt.reply()), told=[failed])
    else:
        port.emit(failed)


def _usage(attempt: Attempt, reply: Reply) -> Usage:
    return Usage(
        model=attempt.endpoint.model,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cost_usd=reply.cost_usd,
        seconds=reply.seconds,
        estimated=reply.estimated,
    )
