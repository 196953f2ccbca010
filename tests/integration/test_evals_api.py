"""Data sets, cases and evaluations over the API: a client that only knows the documents gets all the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenants.context import enter_tenant
from tests.content import Content, fill
from workflows.models import Case, Run, Workflow


@pytest.fixture
def mine(acme, person) -> Content:
    with enter_tenant(acme):
        return fill(person("acme", "owner"))


@pytest.fixture
def editor(program):
    return program("acme", "editor")


def made(editor, mine: Content, **more: Any) -> dict[str, Any]:
    body = {"name": "Tides", "workflow": str(mine.workflow.pk), **more}
    answer = editor("post", "data-sets", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_data_set_is_made_changed_and_deleted(editor, mine):
    found = made(editor, mine, scorers=[{"type": "contains", "config": {"texts": ["moon"]}}])
    assert (found["slug"], found["cases"], found["workflow"]) == ("tides", 0, str(mine.workflow.pk))
    assert found["scorers"] == [
        {"name": "contains", "type": "contains", "weight": 1.0, "threshold": 1.0, "config": {"texts": ["moon"]}}
    ]
    path = f"data-sets/{found['id']}"
    assert editor("patch", path, {"scorers": []}).json()["scorers"] == []
    assert editor("delete", path).status_code == 204
    assert editor("get", path).status_code == 404


def test_a_wrong_scorer_is_refused_at_its_place(editor, mine):
    answer = editor("post", "data-sets", {"name": "x", "workflow": str(mine.workflow.pk), "scorers": [{"type": "cel"}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "scorers.0.config"


def test_a_data_set_is_of_one_thing(editor, mine):
    both = {"name": "x", "workflow": str(mine.workflow.pk), "agent": str(mine.agent.pk)}
    for body in (both, {"name": "x"}):
        assert editor("post", "data-sets", body).status_code == 400


def test_cases_come_in_and_go_out_as_files(editor, mine):
    path = f"data-sets/{made(editor, mine)['id']}"
    lines = [
        {"name": "a", "inputs": {"name": "Ann"}, "expected": {"text": "Hi"}, "tags": ["t"]},
        {"name": "b", "inputs": {}},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    assert editor("post", f"{path}/import", {"text": text}).json() == {"cases": 2}
    assert editor("post", f"{path}/import", {"text": text}).json() == {"cases": 2}  # again: replaced, not doubled
    assert editor("get", path).json()["cases"] == 2
    out = editor("get", f"{path}/export")
    assert out["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["name"] for line in out.content.decode().splitlines()] == ["a", "b"]
    assert (
        editor("get", f"{path}/export?form=csv").content.decode().splitlines()[0]
        == "name,tags,inputs.name,expected.text"
    )
    assert editor("get", f"{path}/export?form=xml").status_code == 400


def test_a_bad_file_changes_nothing_and_names_its_lines(editor, mine):
    path = f"data-sets/{made(editor, mine)['id']}"
    answer = editor("post", f"{path}/import", {"text": '{"name": "a"}\nbad'})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "line 2"
    assert editor("get", path).json()["cases"] == 0


def test_cases_are_listed_by_data_set_and_tag(editor, mine):
    home = made(editor, mine)["id"]
    for number in range(3):
        body = {"data_set": home, "name": f"c{number}", "tags": ["even"] if number % 2 == 0 else []}
        assert editor("post", "cases", body).status_code == 201
    names = [row["name"] for row in editor("get", f"cases?data_set={home}&tag=even").json()["results"]]
    assert sorted(names) == ["c0", "c2"]
    page = editor("get", f"cases?data_set={home}&limit=2").json()
    assert len(page["results"]) == 2
    assert page["next"]


def test_a_run_is_saved_and_replayed(editor, mine, acme):
    with enter_tenant(acme):
        Run.objects.filter(pk=mine.run.pk).update(status="completed", outputs={"text": "Hello"})
    saved = editor("post", f"runs/{mine.run.pk}/case", {"name": "saved"})
    assert saved.status_code == 201, saved.content
    case = saved.json()
    assert (case["expected"], case["run"], case["inputs"]) == ({"text": "Hello"}, str(mine.run.pk), {"name": "one"})
    run = editor("post", f"cases/{case['id']}/runs", {"version": "1"})
    assert run.status_code == 202, run.content
    assert (run.json()["replay"], run.json()["case"], run["Location"]) == ("strict", case["id"], run.json()["url"])
    assert [row["id"] for row in editor("get", f"runs?case={case['id']}").json()["results"]] == [run.json()["id"]]


def test_a_run_at_work_is_no_case_yet(editor, mine):
    answer = editor("post", f"runs/{mine.run.pk}/case", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "run_not_over")


def test_an_evaluation_is_started_watched_and_cancelled(editor, mine):
    body = {"data_set": str(mine.data_set.pk), "versions": ["draft", "1"], "repeats": 2, "replay": "strict"}
    started = editor("post", "evaluations", body)
    assert started.status_code == 202, started.content
    found = started.json()
    assert (found["status"], found["trials"], found["over"], found["replay"]) == ("pending", 4, 0, "strict")
    assert [version["version"] for version in found["comparison"]["versions"]] == ["Draft", "Version 1"]
    path = f"evaluations/{found['id']}"
    trials = editor("get", f"{path}/trials").json()["results"]
    assert {(trial["version"], trial["repetition"], trial["status"]) for trial in trials} == {
        (version, number, "pending") for version in ("Draft", "Version 1") for number in (1, 2)
    }
    cancelled = editor("post", f"{path}/cancel").json()
    assert (cancelled["cancel_requested"], cancelled["over"]) == (True, 4)
    assert found["id"] in [
        row["id"] for row in editor("get", f"evaluations?data_set={mine.data_set.pk}").json()["results"]
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"versions": ["9"]},
        {"versions": []},
        {"repeats": 0},
        {"concurrency": 99},
        {"replay": "loose"},
        {"tags": ["none"]},
    ],
)
def test_a_wrong_evaluation_is_refused(editor, mine, wrong):
    assert editor("post", "evaluations", {"data_set": str(mine.data_set.pk), **wrong}).status_code == 400


def test_publishing_can_ask_for_cases(editor, mine):
    path = f"workflows/{mine.workflow.pk}"
    gate = {"data_set": str(mine.data_set.pk), "min_score": 0.8}
    assert editor("patch", path, {"gate": gate}).json()["gate"] == {**gate, "replay": "fresh"}
    refused = editor("post", f"{path}/publish", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "cases_not_evaluated")
    begun = editor("post", f"{path}/publish", {"evaluate": True, "note": "n"})
    assert begun.status_code == 202, begun.content
    assert begun.json()["publishes"] is True
    assert editor("patch", path, {"gate": None}).json()["gate"] is None
    assert editor("post", f"{path}/publish", {}).status_code == 201


def test_a_gate_of_another_tenants_cases_is_not_there(editor, mine, globex, person):
    with enter_tenant(globex):
        theirs = fill(person("globex", "owner"))
    answer = editor("patch", f"workflows/{mine.workflow.pk}", {"gate": {"data_set": str(theirs.data_set.pk)}})
    assert answer.status_code == 400


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_only_look_changes_nothing(program, mine, role, acme):
    looker = program("acme", role)
    for path in ("data-sets", "cases", "evaluations", f"evaluations/{mine.evaluation.pk}/trials", "scorers"):
        assert looker("get", path).status_code == 200
    writes = [
        ("post", "data-sets", {"name": "x", "workflow": str(mine.workflow.pk)}), ("patch", f"data-sets/{mine.data_set.pk}", {}),
        ("post", "cases", {"data_set": str(mine.data_set.pk), "name": "x"}), ("delete", f"cases/{mine.case.pk}", None),
        ("post", f"data-sets/{mine.data_set.pk}/import", {"text": "{}"}), ("post", f"runs/{mine.run.pk}/case", {}),
        ("post", "evaluations", {"data_set": str(mine.data_set.pk)}), ("post", f"evaluations/{mine.evaluation.pk}/cancel", {}),
        ("post", f"cases/{mine.case.pk}/runs", {}), ("delete", f"data-sets/{mine.data_set.pk}", None),
    ]  # fmt: skip
    for method, path, body in writes:
        assert looker(method, path, body).status_code == 403, path
    with enter_tenant(acme):
        assert Case.objects.count() == 1
        assert Workflow.objects.get().gate is None
