"""How drafts, versions and evaluations of them refuse."""

from __future__ import annotations

from nexod.kernel.errors import Conflict


class WorkflowNotPublished(Conflict):
    """The workflow has no published version. Publish its draft first."""

    code = "workflow_not_published"


class DraftChanged(Conflict):
    """The draft is not what you saw: it was changed since. Look at it as it is now."""

    code = "draft_changed"


class DraftConflict(Conflict):
    """Others changed the same places of the draft since you read it. Nothing of yours was saved."""

    code = "draft_conflict"


class PublishUnconfirmed(Conflict):
    """The draft is not yours alone. Look at who changed what, and confirm."""

    code = "publish_unconfirmed"


class CasesNotEvaluated(Conflict):
    """The draft has to pass its cases before it is published, and they were not run on it as it is now."""

    code = "cases_not_evaluated"


class CasesFailed(Conflict):
    """The draft does not pass its cases, so it is not published."""

    code = "cases_failed"


class EvaluationIsOver(Conflict):
    """The evaluation has ended."""

    code = "evaluation_is_over"
