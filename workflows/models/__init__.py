"""Tables of what happens."""

from workflows.models.approval import Approval
from workflows.models.artifact import Artifact
from workflows.models.effect import Effect
from workflows.models.run import Run, RunEvent, Step
from workflows.models.workflow import Workflow, WorkflowVersion

__all__ = ["Approval", "Artifact", "Effect", "Run", "RunEvent", "Step", "Workflow", "WorkflowVersion"]
