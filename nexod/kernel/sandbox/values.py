"""What of a run's values a template or expression needs: the outputs of nodes that it does not name stay behind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def named_values(names: Collection[str], values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` with only those outputs of nodes that the dotted ``names`` mention; a bare ``nodes`` means all."""
    if "nodes" in names:
        return values
    wanted = {name.split(".")[1] for name in names if name.startswith("nodes.")}
    return {**values, "nodes": {node: output for node, output in values.get("nodes", {}).items() if node in wanted}}
