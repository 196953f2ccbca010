"""How checkpoints refuse: what cannot be written, and what cannot be believed when it is read."""

from __future__ import annotations

from nexod.kernel.errors import InvalidInput, NexodError


class CheckpointRefused(InvalidInput):
    """This state cannot be stored in a checkpoint."""

    code = "checkpoint_refused"


class CheckpointUnreadable(NexodError):
    """A checkpoint is not what was written: it was altered in the database, or a part of it is missing. Nothing of it was
    used. Delete the thread's checkpoints; a run then goes on from the rows of its steps."""

    code = "checkpoint_unreadable"


class CheckpointOutdated(CheckpointUnreadable):
    """A checkpoint was written by another version of Nexod, in a format that this one does not read."""

    code = "checkpoint_outdated"
