"""The admin of what happens, on the tenants' site: workflows, runs, approvals, artifacts, and the first page."""

from workflows.admin import approvals, artifacts, runs, starters, starting, steps, workflows

__all__ = ["approvals", "artifacts", "runs", "starters", "starting", "steps", "workflows"]
