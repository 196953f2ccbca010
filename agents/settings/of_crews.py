"""A crew's settings with its tasks as JSON, and back into its rows; agents are named by slug."""

from __future__ import annotations

from typing import Any

from agents.actions.crews import MOST_RETRIES, MOST_TASKS, set_crew
from agents.content import CREW_FIELDS
from agents.models import Agent, Crew, CrewTask
from agents.settings.kinds import Kind, register, rows_named

Json = dict[str, Any]
SLUG: Json = {"type": "string", "maxLength": 60}
TASK: Json = {
    "type": "object",
    "properties": {
        "slug": {"type": "string", "minLength": 1, "maxLength": 60},
        "agent": SLUG,
        "description": {"type": "string", "minLength": 1, "maxLength": 8000},
        "expected_output": {"type": "string", "minLength": 1, "maxLength": 2000},
        "context": {"type": "array", "items": SLUG, "maxItems": MOST_TASKS},
        "guardrails": {"type": "array"},
        "max_retries": {"type": "integer", "minimum": 0, "maximum": MOST_RETRIES},
        "on_failure": {"enum": list(CrewTask.OnFailure.values)},
        "human_input": {"type": "boolean"},
        "policy": {"type": "object"},
        "async_execution": {"type": "boolean"},
        "allow_delegation": {"type": "boolean"},
        "output_schema": {"type": ["object", "null"]},
    },
    "additionalProperties": False,
}
NEW_TASK: Json = {
    "slug": "",
    "agent": "",
    "description": "",
    "expected_output": "",
    "context": [],
    "guardrails": [],
    "max_retries": CrewTask._meta.get_field("max_retries").get_default(),
    "on_failure": CrewTask.OnFailure.FAIL.value,
    "human_input": False,
    "policy": {},
    "async_execution": False,
    "allow_delegation": False,
    "output_schema": None,
}
TASK["required"] = list(TASK["properties"])
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "description": {"type": "string", "maxLength": 2000},
        "process": {"enum": list(Crew.Process.values)},
        "manager": SLUG,
        "planning": {"type": "boolean"},
        "members": {"type": "array", "items": SLUG, "maxItems": 200},
        "tasks": {"type": "array", "items": TASK, "minItems": 1, "maxItems": MOST_TASKS},
    },
    "additionalProperties": False,
}
SCHEMA["required"] = list(SCHEMA["properties"])


def store(crew: Crew, content: Json) -> None:
    """Make the locked crew what the content says."""
    named = [("members", slug) for slug in content["members"]]
    named += [(f"tasks.{place}.agent", task["agent"]) for place, task in enumerate(content["tasks"]) if task["agent"]]
    named += [("manager", content["manager"])] if content["manager"] else []
    agents = rows_named(Agent.objects.all(), named)
    members = [agents[slug] for slug in dict.fromkeys(content["members"])]
    tasks = [{**task, "agent": agents.get(task["agent"])} for task in content["tasks"]]
    fields = {field: content[field] for field in CREW_FIELDS}
    set_crew(crew, tasks=tasks, members=members, manager=agents.get(content["manager"]), **fields)


CREW = register(
    Kind(
        name="crew",
        model=Crew,
        schema=SCHEMA,
        texts=frozenset({"name", "description"}),
        rows="tasks",
        row_texts=frozenset({"description", "expected_output"}),
        new_row=NEW_TASK,
        store=store,
    )
)
