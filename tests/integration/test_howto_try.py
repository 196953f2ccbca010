"""The try in the how-to works as the page says: no model is asked, and nobody."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.workbench import Bench, ask, definition, output, text
from workflows.actions.tries import try_workflow
from workflows.actions.workflows import create_workflow

PAGE = (Path(__file__).resolve().parents[2] / "docs/howto/try-a-draft.md").read_text(encoding="utf-8")
BODY: dict[str, Any] = json.loads(re.search(r"-d '(.*?)'\n```", PAGE, re.DOTALL)[1])  # type: ignore[index]
INPUTS = {"type": "object", "properties": {"topic": {"type": "string"}}}


def test_the_body_on_the_page_is_a_try(bench: Bench) -> None:
    nodes = [text("research", "{{ inputs.topic }}"), ask("approve"), output(text="{{ nodes.research.text }}")]
    document = {**definition(nodes, ["research approve", "approve end approve"]), "inputs": INPUTS}
    with bench.inside():
        flow = create_workflow(actor=bench.user("editor"), name="Drafted", definition=document)
        run = try_workflow(actor=bench.user("editor"), workflow=flow, **BODY)
    done = bench.advance(run.id)
    assert (done.status, done.outputs, done.is_try) == ("completed", {"text": "Twice a day."}, True), done.error
    assert all(f"`{word}`" in PAGE for word in ("output", "route"))
    with bench.inside("globex"):
        assert not type(run).objects.exists()
