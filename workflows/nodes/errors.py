"""How a step fails for reasons of its own; what models, templates and expressions raise passes through."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, NexodError


class NothingFound(NexodError):
    """The knowledge base has no passage for this query. Add documents, or ask differently."""

    code, status = "nothing_found", 422


class NothingToChooseFrom(NexodError):
    """The output must be chosen from a list of the run, and that list is empty."""

    code, status = "nothing_to_choose_from", 422


class RejectedByPerson(Conflict):
    """A person rejected the result, and the workflow has no route for that."""

    code = "rejected"


class CallbackMissing(NexodError):
    """The callback did not come in time."""

    code, status = "callback_missing", 408


class TimeUnreadable(NexodError):
    """This is no time to wait until."""

    code, status = "time_unreadable", 422


class TooManyItems(NexodError):
    """The list is longer than the step takes, or is none."""

    code, status = "too_many_items", 422


class ItemsFailed(NexodError):
    """The work failed for an item of the list."""

    code, status = "items_failed", 422


class NobodyToTell(NexodError):
    """None of the addresses is a member's, and nobody has one of the roles."""

    code, status = "nobody_to_tell", 422
