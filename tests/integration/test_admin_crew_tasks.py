"""What the page of a crew sends while it is written together is read as far as it can be, row by row, and stored nowhere."""

from __future__ import annotations

import json

from agents.admin.task_rows import showable
from agents.models import CrewTask
from agents.settings.of_crews import NEW_TASK, SCHEMA, TASK
from nexod.kernel.json_schemas import complaints
from tenants.context import enter_tenant
from tests.admin import filled


def rows(acme):
    with enter_tenant(acme):
        return list(CrewTask.objects.order_by("order").values_list("slug", "description"))


def page(client, crew):
    return filled(client.get(f"/admin/agents/crew/{crew.pk}/change/").content.decode(), "crew_form")


def read(client, crew, data):
    return client.post(f"/admin/settings/crew/{crew.pk}/read/", data)


def test_what_can_be_read_is_read_and_what_cannot_is_named_with_its_row(visit, acme, content):
    client = visit("acme", "editor")
    before, data = rows(acme), page(client, content.crew)
    data |= {"tasks-0-slug": "not a slug", "tasks-1-output_schema": "{oops", "tasks-1-description": "", "name": ""}
    answer = read(client, content.crew, data).json()
    one, two = answer["content"]["tasks"]
    assert "slug" not in one
    assert (two["slug"], two["description"], two["agent"]) == ("t2", "", content.agent.slug)
    assert "output_schema" not in two
    assert {wrong["field"] for wrong in answer["refused"]} >= {"tasks.0.slug", "tasks.1.output_schema"}
    assert rows(acme) == before


def test_rows_are_read_in_the_order_of_the_page_whatever_their_numbers(visit, content):
    client = visit("acme", "editor")
    data = page(client, content.crew)
    first = {name: data.pop(name) for name in list(data) if name.startswith("tasks-0-")}
    added = {"tasks-77-slug": "new", "tasks-77-context_slugs": "t1, t2"}
    answer = read(client, content.crew, {**data, **first, **added}).json()
    assert [task["slug"] for task in answer["content"]["tasks"]] == ["t2", "t1", "new"]
    assert answer["content"]["tasks"][2]["context"] == ["t1", "t2"]


def test_more_rows_than_a_crew_may_have_are_not_read(visit, content):
    many = {f"tasks-{number}-slug": f"t{number}" for number in range(400)}
    data = {**page(visit("acme", "editor"), content.crew), **many}
    answer = read(visit("acme", "editor"), content.crew, data).json()
    assert len(answer["content"]["tasks"]) == 51


def test_who_may_not_change_it_and_the_other_tenant_have_nothing_read(visit, content):
    data = page(visit("acme", "editor"), content.crew)
    assert read(visit("acme", "viewer"), content.crew, data).status_code == 403
    assert read(visit("globex", "editor"), content.crew, data).status_code == 404


def test_tasks_that_are_not_valid_are_shown_as_far_as_fields_can():
    task = {**NEW_TASK, "slug": "x" * 90, "max_retries": 99, "human_input": "yes", "context": [1], "policy": []}
    assert showable([task, 7, None], TASK) == [
        {name: value for name, value in task.items() if name not in ("human_input", "policy")}
    ]
    assert showable("none", TASK) == []


def test_a_row_that_is_added_lacks_nothing_but_words():
    wrong = complaints({"tasks": [NEW_TASK]}, {"properties": {"tasks": SCHEMA["properties"]["tasks"]}})
    assert {one["field"] for one in wrong} == {"tasks.0.slug", "tasks.0.description", "tasks.0.expected_output"}
    assert json.loads(json.dumps(NEW_TASK)) == NEW_TASK
