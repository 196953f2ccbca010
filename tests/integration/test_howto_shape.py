"""The definition in the how-to on shapes does what the page says, and its bounds are the ones that hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.definitions import Everything
from tests.workbench import Bench
from workflows.actions.callbacks import callback_token, take_callback
from workflows.actions.child_starts import MAX_DEPTH
from workflows.definitions import validate
from workflows.definitions.document import MAX_NODES, MAX_VISITS
from workflows.engine.waits import LONGEST
from workflows.nodes import loop, registry
from workflows.nodes import map as maps

FOLDER = Path(__file__).resolve().parents[2] / "docs"
PAGE = (FOLDER / "howto/shape-a-workflow.md").read_text(encoding="utf-8")
OFFERS: dict[str, Any] = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])  # type: ignore[index]


def test_the_definition_is_sound() -> None:
    assert validate(OFFERS, Everything()) == []


def test_two_offers_are_enough_and_the_customer_decides(bench: Bench) -> None:
    run = bench.ran(OFFERS)
    assert (run.status, run.waiting_for) == ("waiting", "callback"), run.error
    with bench.inside():
        take_callback(token=callback_token(run.id, "customer"), body={"carrier": "north"})
    outputs = bench.advance(run.id).outputs
    assert (len(outputs["offers"]), outputs["chosen"]) == (2, "north")


def test_the_bounds_that_it_names_are_the_ones_that_hold() -> None:
    [told] = re.findall(r"## Bounds\n\n(.*)", PAGE, re.DOTALL)
    for bound in (
        f"{MAX_NODES:,} nodes", f"{maps.MOST:,} items", f"{maps.AT_ONCE} at a time", f"{loop.MOST - 1} rounds",
        f"{MAX_VISITS} visits", f"{MAX_DEPTH} deep",
    ):  # fmt: skip
        assert bound in " ".join(told.split())
    assert LONGEST.days == 366


def test_its_links_lead_to_pages() -> None:
    for link in re.findall(r"\]\(\.\./nodes/(\w+)\.md\)", PAGE):
        assert link == "README" or registry.known(link)
