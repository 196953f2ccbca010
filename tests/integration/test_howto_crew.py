"""The crew in docs/howto/put-a-crew-together.md is made over the API and works, as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from agents.guardrails import KINDS
from tests.model_server import Json, ModelServer, mentions, says_system
from tests.workbench import Bench

PAGE = Path(__file__).resolve().parents[2] / "docs/howto/put-a-crew-together.md"
TEXT = PAGE.read_text()


def crew() -> dict[str, Any]:
    [block] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    found: dict[str, Any] = json.loads(block)
    return found


def test_the_crew_of_the_page_works(bench: Bench, model_server: ModelServer) -> None:
    from agents.actions.agents import create_agent
    from agents.actions.connections import create_connection
    from agents.actions.crews import create_crew
    from workflows.actions.runs import start_run

    document = crew()
    with bench.inside():
        owner = bench.user("owner")
        create_connection(actor=owner, name="M", base_url=model_server.base_url, model_names=["scripted"])
        rows = {
            name: create_agent(actor=owner, name=name.title(), slug=name, role=name.title(), goal="g")
            for name in ("buyer", "clerk", "lawyer")
        }
        tasks = [{**task, "agent": rows[task["agent"]]} for task in document.pop("tasks")]
        members = [rows[name] for name in document.pop("members")]
        made = create_crew(actor=owner, tasks=tasks, members=members, **document)
        run = start_run(actor=owner, crew=made, inputs={"what": "chairs"}).id
    model_server.answer("The offer is TBD.", "The best price has A.", when=mentions("Task: Recommend"))
    model_server.answer(Json({"passes": True, "reason": "Yes."}), when=says_system("You judge"))
    waiting = bench.advance(run)
    assert waiting.status == "waiting", waiting.error
    types = bench.types(run)
    assert types.index("crew.planned") < types.index("agent.started")
    assert types.count("guardrail.refused") == 1
    bench.decide(run, "approve")
    assert bench.advance(run).outputs["text"] == "The best price has A."


def test_the_page_names_what_there_is() -> None:
    from agents.models import Crew, CrewTask

    named = set(re.findall(r"`([a-z_]+)`", TEXT))
    fields = {"planning", "members", "manager"}, {"async_execution", "allow_delegation", "human_input", "on_failure"}
    for model, names in zip((Crew, CrewTask), fields, strict=True):
        assert names <= {field.name for field in model._meta.get_fields()} & named
    assert set(KINDS) <= named
    assert {name for name in KINDS["words"]["properties"] if name not in ("kind", "message")} <= named
