"""Tables of what happens."""

from workflows.models.absence import Absence
from workflows.models.approval import Approval
from workflows.models.approval_record import ApprovalEntry, Vote
from workflows.models.artifact import Artifact
from workflows.models.business_hours import BusinessHours
from workflows.models.dataset import Case, DataSet, RecordedAnswer
from workflows.models.draft import DraftEdit, DraftSnapshot
from workflows.models.effect import Effect
from workflows.models.evaluation import Contestant, Evaluation, Trial
from workflows.models.run import Run, RunEvent, Step
from workflows.models.run_vector import RunVector
from workflows.models.saved_view import SavedView
from workflows.models.trigger import Firing, Trigger
from workflows.models.wait import Wait
from workflows.models.workflow import Workflow, WorkflowVersion

__all__ = [
    "Absence", "Approval", "ApprovalEntry", "Artifact", "BusinessHours", "Case", "Contestant", "DataSet", "DraftEdit",
    "DraftSnapshot", "Effect", "Evaluation", "Firing", "RecordedAnswer", "Run", "RunEvent", "RunVector", "SavedView", "Step",
    "Trial", "Trigger", "Vote", "Wait", "Workflow", "WorkflowVersion",
]  # fmt: skip
