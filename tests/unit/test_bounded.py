"""What works in a thread of its own and is given up ends at its next check."""

from __future__ import annotations

from queue import Queue
from threading import Event
from uuid import UUID

import pytest

from nexod.kernel.run_port import RunWasCancelled
from workflows.engine.bounded import bounded
from workflows.engine.reins import Reins
from workflows.rendering import render

LONG = "{% for a in range(5000) %}{% set x = ('tides' * 200000)|upper|lower|upper|lower|upper|lower %}{% endfor %}x"


def test_what_is_given_up_does_not_compute_to_the_end() -> None:
    """A child that was still at work for it would be ended by its limit, seconds later, and say so as a failed template."""
    reins, given_up, ends = Reins(UUID(int=1)), Event(), Queue[BaseException]()
    reins.only_loss()  # so that it asks no database
    reins.stop(RunWasCancelled())

    def work() -> None:
        given_up.wait(60)
        try:
            render(LONG, {})
        except BaseException as error:
            ends.put(error)
            raise

    with pytest.raises(RunWasCancelled):
        bounded(work, reins, timeout_s=None, name="step n")
    given_up.set()
    assert isinstance(ends.get(timeout=60), RunWasCancelled)
