"""The name of the workspace's live topic says nothing of the tenant."""

from __future__ import annotations

from nexod.kernel import topics


def plant() -> None:
    topics.workspace_topic = lambda tenant_pk: topics.Topic("workspace")
