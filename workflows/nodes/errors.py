"""How a step fails for reasons of its own; what models, templates and expressions raise passes through."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, NexodError


class NothingFound(NexodError):
    """The knowledge base has no passage for this query. Add documents, or ask differently."""

    code, status = "nothing_found", 422


class NothingToChooseFrom(NexodError):
    """The output must be chosen from a list of the run, and that list is empty."""

    code, status = "nothing_to_choose_from", 422


class OutputTooLarge(NexodError):
    """The step's output is larger than allowed."""

    code, status = "output_too_large", 422


class RejectedByPerson(Conflict):
    """A person rejected the result, and the workflow has no route for that."""

    code = "rejected"
