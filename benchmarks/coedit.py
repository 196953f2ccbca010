"""Fifty people edit one document, ten times a second each: how long until the others have what one wrote, through the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import served, world
from benchmarks.figure import Figure, percentile
from tenants.context import enter_tenant

PEOPLE, EDITS_PER_S, SECONDS = 50, 10, 10
GOAL_P95_MS = 50
GOAL = f"{PEOPLE} people, {EDITS_PER_S} edits/s each: all converge, p95 under {GOAL_P95_MS} ms to the others"


def measure() -> Figure:
    """Let NEXOD_BENCH_EDITORS people (50) write for NEXOD_BENCH_SECONDS (10), from a process of their own."""
    people = int(os.environ.get("NEXOD_BENCH_EDITORS", str(PEOPLE)))
    seconds = float(os.environ.get("NEXOD_BENCH_SECONDS", str(SECONDS)))
    order = {
        "port": served.site().port, "host": "bench0.test", "key": world.api_key(0), "name": _document(),
        "people": people, "seconds": seconds, "edits_per_s": EDITS_PER_S,
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.editors"],
        cwd=Path(__file__).parents[1], input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True,
        timeout=seconds + 120,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(ran.stdout)
    value, middle = percentile(found["ms"], 0.95), percentile(found["ms"], 0.5)
    return Figure(
        "coedit", value, "ms", GOAL, bool(value < GOAL_P95_MS and found["converged"]),
        detail=f"{people} people, {found['edits']} edits, p50 {middle:.1f}, p99 {percentile(found['ms'], 0.99):.1f}, "
        f"{'all equal' if found['converged'] else 'NOT equal'}; CPU of the editors {found['cpu_s']:.1f} s in {seconds:.0f} s",
    )  # fmt: skip


def _document() -> str:
    from nexod.kernel.identifiers import new_id
    from workflows.models import Workflow, WorkflowVersion

    pk = new_id()
    with enter_tenant(world.tenant(0)):
        workflow = Workflow.objects.create(pk=pk, slug=f"coedit-{pk.hex[-12:]}", name="Edited by many")
        definition = {"format": "nexod.workflow/1", "name": "Edited by many", "nodes": [], "edges": []}
        WorkflowVersion.objects.create(workflow=workflow, definition=definition)
    return f"workflow:{pk}"
