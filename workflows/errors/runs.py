"""How runs refuse, stop and are given up."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, NexodError, NotFound, StopsRun


class TargetGone(NotFound):
    """What should run does not exist any more."""

    code = "target_gone"


class RunIsOver(Conflict):
    """The run has ended."""

    code = "run_is_over"


class RunNotOver(Conflict):
    """The run has not ended yet."""

    code = "run_not_over"


class RunNotResumable(Conflict):
    """The run cannot be resumed."""

    code = "run_not_resumable"


class RunTimedOut(StopsRun):
    """The run worked longer than its definition allows."""

    code, status = "run_timed_out", 504


class RunLost(StopsRun):
    """Another worker has this run now."""

    code = "run_lost"


class RunHalted(StopsRun):
    """The run stops before its next step and goes on later."""

    code = "run_halted"


class RunPaused(RunHalted):
    """A person paused the run."""

    code = "run_paused"


class RunHandedBack(RunHalted):
    """The worker is being replaced, so the run goes on elsewhere."""

    code = "worker_stopping"


class WorkersLost(NexodError):
    """Every worker that had this run stopped in the middle of it. Resume it when you know why."""

    code = "workers_lost"
