"""Whether a failed step is tried again, and how long it waits: backoff, jitter, kinds of errors, Retry-After."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.errors import ModelDeclined, ModelRateLimited, ModelTimeout, ModelUnavailable
from nexod.kernel.errors import InvalidInput, QuotaExceeded, RateLimited, Unavailable
from workflows.definitions import Retry
from workflows.engine.retrying import kinds_of, wait_before_retry
from workflows.errors import RunTimedOut, StepTimedOut

DAY_S = 24 * 3600


def policy(**more: Any) -> Retry:
    return Retry(**{"attempts": 10, "backoff_s": 2.0, "factor": 3.0, "max_backoff_s": 50.0, "jitter": "none", **more})


def test_a_wait_grows_by_its_factor_up_to_its_ceiling() -> None:
    waits = [wait_before_retry(policy(), failures, Unavailable()) for failures in range(1, 6)]
    assert waits == [2, 6, 18, 50, 50]


def test_full_jitter_is_spread_over_the_whole_wait() -> None:
    waits = [wait_before_retry(policy(jitter="full"), 3, Unavailable()) for _ in range(400)]
    assert all(wait is not None and 0 <= wait <= 18 for wait in waits)
    assert min(waits) < 3
    assert max(waits) > 15
    assert len(set(waits)) > 300


@pytest.mark.parametrize(("attempts", "failures", "again"), [(1, 1, False), (3, 2, True), (3, 3, False), (3, 4, False)])
def test_the_last_attempt_is_the_last(attempts: int, failures: int, again: bool) -> None:
    assert (wait_before_retry(policy(attempts=attempts), failures, Unavailable()) is not None) is again


@pytest.mark.parametrize("error", [Unavailable(), RateLimited(), QuotaExceeded(), ModelTimeout(), KeyError("x")])
def test_without_a_list_what_may_pass_is_tried_again(error: Exception) -> None:
    assert wait_before_retry(policy(), 1, error) == 2


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (StepTimedOut(), {"timeout", "step_timed_out"}),
        (ModelTimeout(), {"timeout", "model_error", "model_timeout"}),
        (RateLimited(), {"rate_limited"}),
        (ModelRateLimited(), {"rate_limited", "model_error", "model_rate_limited"}),
        (ModelUnavailable(), {"unavailable", "model_error", "model_unavailable"}),
        (ModelDeclined(), {"model_error", "model_declined"}),
        (InvalidInput(), {"invalid"}),
        (ConnectionResetError(), {"unavailable", "internal"}),
    ],
)
def test_an_error_is_meant_by_its_code_and_its_kinds(error: Exception, kinds: set[str]) -> None:
    assert kinds_of(error) == {"any", *kinds}
    for kind in kinds_of(error):
        assert wait_before_retry(policy(on=[kind]), 1, error) == 2
    assert wait_before_retry(policy(on=["crew_failed"]), 1, error) is None


def test_time_that_is_over_for_the_run_is_over() -> None:
    assert wait_before_retry(policy(on=["any", "timeout", "run_timed_out"]), 1, RunTimedOut()) is None


def test_an_error_that_says_when_to_come_again_is_believed() -> None:
    asked = RateLimited(details={"retry_after_s": 120})
    assert wait_before_retry(policy(), 1, asked) == 120
    assert wait_before_retry(policy(backoff_s=300.0, max_backoff_s=300.0), 1, asked) == 300
    assert wait_before_retry(policy(), 1, RateLimited(details={"retry_after_s": DAY_S + 1})) is None
    assert wait_before_retry(policy(), 1, RateLimited(details={"retry_after_s": "soon"})) == 2
