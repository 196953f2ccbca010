"""Whether a step that failed is tried again, and how long it waits before: the policy of its node, and what the error asks for."""

from __future__ import annotations

import random
from typing import Any

from agents.llm.errors import ModelError
from nexod.kernel.errors import NexodError
from workflows.definitions import Retry
from workflows.definitions.document import MAX_WAIT_S
from workflows.errors import RunTimedOut


def wait_before_retry(policy: Retry, failures: int, error: Exception) -> float | None:
    """Return the seconds to wait after so many failures, the present one counted; None when that was the last try.

    Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", 2015). An error that says when to
    come again (Retry-After, RFC 9110) is believed up to a day; one that asks for more is not tried again.
    """
    if failures >= policy.attempts or not _is_retried(policy, error):
        return None
    longest = min(policy.backoff_s * policy.factor ** (failures - 1), policy.max_backoff_s)
    wait_s = random.uniform(0, longest) if policy.jitter == "full" else longest  # noqa: S311  no secret
    asked_s = retry_after_s(error)
    return None if asked_s > MAX_WAIT_S else max(wait_s, asked_s)


def retry_after_s(error: Exception) -> float:
    """Return how long whoever refused wants us to wait; 0 when it did not say."""
    details: Any = getattr(error, "details", None)
    found = details.get("retry_after_s") if isinstance(details, dict) else None
    return float(found) if isinstance(found, int | float) and found > 0 else 0.0


def _is_retried(policy: Retry, error: Exception) -> bool:
    if isinstance(error, RunTimedOut):
        return False
    if not policy.on:
        return _may_pass(error)
    return not kinds_of(error).isdisjoint(policy.on)


def kinds_of(error: Exception) -> set[str]:
    """Return the names by which a policy may mean the error: its code, its status, and what kind it is."""
    kinds = {"any", getattr(error, "code", "internal")}
    status = getattr(error, "status", 500)
    if status == 504 or isinstance(error, TimeoutError):
        kinds.add("timeout")
    if status == 429 or "model_rate_limited" in kinds or retry_after_s(error):
        kinds.add("rate_limited")
    elif status == 503 or isinstance(error, ConnectionError):
        kinds.add("unavailable")
    if isinstance(error, ModelError):
        kinds.add("model_error")
    return kinds


def _may_pass(error: Exception) -> bool:
    """Whether the same again may succeed: not when the input, the configuration or a person is the reason."""
    return not isinstance(error, NexodError) or error.status >= 500 or error.status == 429
