"""The admin of what happens, on the tenants' site: workflows, runs, approvals, artifacts, and the first page."""

from workflows.admin import (
    absences,
    approvals,
    artifacts,
    business_hours,
    cases,
    datasets,
    evaluations,
    firings,
    history_pages,
    importing,
    node_editor,
    playground,
    publish_page,
    run_acts,
    run_rows,
    runs,
    saved_views,
    search,
    starters,
    starting,
    steps,
    triggers,
    trying,
    version_pages,
    workflows,
)

__all__ = [
    "absences", "approvals", "artifacts", "business_hours", "cases", "datasets", "evaluations", "firings", "history_pages",
    "importing", "node_editor", "playground", "publish_page", "run_acts", "run_rows", "runs", "saved_views", "search",
    "starters", "starting", "steps", "triggers", "trying", "version_pages", "workflows",
]  # fmt: skip
