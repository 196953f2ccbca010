"""Every call is told to the run, or to what stands for one (agents/llm/outside.py), and paid for, the failed ones too."""

from __future__ import annotations

from dataclasses import replace

from agents.llm.attempt import Attempt
from agents.llm.endpoint import Reply
from agents.llm.prices import cost_of
from nexod.kernel import run_port
from nexod.kernel.errors import NexodError
from nexod.kernel.events import ModelCalled, ModelCallFailed, Reason
from nexod.kernel.run_port import Recall, Usage

EXCERPT = 200
NOTHING = Reply("")


def record_answer(attempt: Attempt, reply: Reply, recall: Recall | None) -> None:
    """Tell ModelCalled, spend what the call used and keep what it answered: one commit, so that it is paid once."""
    port = run_port.current()
    if port is None:
        return
    usage = _usage(attempt, reply)
    called = ModelCalled(
        node=port.node,
        step=port.step_id,
        model=usage.model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost_usd=usage.cost_usd,
        seconds=round(usage.seconds, 3),
        agent=attempt.ask.agent,
        excerpt=" ".join(reply.text.split())[:EXCERPT],
        estimated=usage.estimated,
        connection=usage.connection,
        tokens_cached=usage.tokens_cached,
        tokens_reasoning=usage.tokens_reasoning,
        first_token_s=usage.first_token_s,
        cached=usage.cached,
    )
    port.spend(usage, told=[called], recall=recall, result=attempt.kept(reply), reservation=attempt.reservation)


def record_failure(attempt: Attempt, error: NexodError) -> None:
    """Tell ModelCallFailed; what had been answered by then is spent, since the provider charges for it."""
    port = run_port.current()
    if port is None:
        return
    told = error.as_dict()
    reason = Reason(code=told["code"], message=told["message"], node=port.node, details=told["details"])
    failed = ModelCallFailed(node=port.node, step=port.step_id, model=attempt.endpoint.model, reason=reason)
    port.spend(_failed(attempt, told["code"]), told=[failed], reservation=attempt.reservation)


def give_up(attempt: Attempt, code: str = "given_up") -> None:
    """Settle a call that nobody waits for any more: what had been answered by then is spent, the rest was only held."""
    port = run_port.current()
    if port is None:
        return
    held = attempt.reservation
    if attempt.began:
        port.spend(_failed(attempt, code), reservation=held)
    elif held is not None:
        port.release(held)


def _failed(attempt: Attempt, code: str) -> Usage:
    """Return what a call used that failed: before its first word nothing, else all that was heard."""
    reply = attempt.reply()
    return _usage(attempt, reply if attempt.began else replace(NOTHING, seconds=reply.seconds), code)


def _usage(attempt: Attempt, reply: Reply, failed: str = "") -> Usage:
    """Return what a call used; what our own cache answers uses nothing."""
    endpoint, used = attempt.endpoint, NOTHING if reply.cached else reply
    known = reply.cached or cost_of(endpoint, reply.tokens_in, reply.tokens_out).known
    return Usage(
        model=endpoint.model,
        tokens_in=used.tokens_in,
        tokens_out=used.tokens_out,
        cost_usd=used.cost_usd,
        seconds=reply.seconds,
        estimated=reply.estimated,
        connection=endpoint.connection,
        agent=endpoint.agent,
        tokens_cached=used.tokens_cached,
        tokens_reasoning=used.tokens_reasoning,
        first_token_s=reply.first_token_s,
        cached=reply.cached,
        failed=failed,
        price_known=known,
        knowledge_base=endpoint.knowledge_base,
    )
