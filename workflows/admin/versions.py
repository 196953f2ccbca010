"""The versions that a person can choose to run cases on."""

from __future__ import annotations

from workflows.models import DataSet

MOST = 30


def versions_of(data_set: DataSet) -> list[tuple[str, str]]:
    """Return ``(value, label)`` of each, the usual one first."""
    if data_set.workflow is not None:
        numbers = data_set.workflow.versions.filter(number__gt=0).order_by("-number").values_list("number", flat=True)
        return [("draft", "Draft"), *((str(number), f"Version {number}") for number in numbers[:MOST])]
    if data_set.agent is not None:
        known = data_set.agent.versions.order_by("-number").values_list("number", flat=True)
        return [("current", "Current"), *((str(number), f"Version {number}") for number in known[:MOST])]
    return [("current", "Current")]
