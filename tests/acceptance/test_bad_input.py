"""Bad input by the front door. Which test shows which case:

===================== ==============================================================================================
case                  shown by
===================== ==============================================================================================
unknown node type     here: API and admin; taken away after publishing: test_bad_input_runs
malformed JSON        here: both admin forms; every body of the API: integration/test_api_bodies, test_http_manners;
                      admin check: integration/test_admin_workflows; inputs of a run: here
a 50 MB document      test_bad_input_documents, over a real server and in the admin
an encrypted PDF      test_bad_input_documents, read by a real worker; other unreadable ones: integration/test_documents
an empty folder       test_bad_input_documents: ``DOCS``; a knowledge base without documents in a run; a folder in which
                      nothing can be read: test_bad_input_workers; unit/test_embedded_demo
a model's endpoint    test_bad_input_models: down, 429 (with Retry-After), 500, garbage, cut, silent, under a model node
                      and a crew, ending in failure, in another try, in a resumed run; with a real worker:
                      test_bad_input_workers; all kinds of it at the gateway: contract/test_model_gateway_failures;
                      inside a crew: integration/test_crew_failures
a template that loops test_bad_input_runs, in each kind of field; a real worker: test_bad_input_workers; all bombs:
                      unit/test_node_template; a loop of nodes: integration/test_runs
CEL that does not fit here, when saved; test_bad_input_runs, on a run's values; all kinds of it: unit/test_expressions
decided twice         test_bad_input_runs: at once over HTTP, one after another in the admin and the API;
                      integration/test_approvals, test_admin_runs
a deleted agent       test_bad_input_runs: before the start, before a worker came, in flight; needed by a crew; a deleted
                      crew, knowledge base, connection; a deleted workflow: test_run_faults, integration/test_workflows_actions
===================== ==============================================================================================
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.front_door import Door
from tests.workbench import choose, definition, node, output, text

Json = dict[str, Any]
ADD = "/admin/workflows/workflow/add/"
UNKNOWN = definition([text("a"), node("spell", "magic"), output()])
CYCLE = definition([text("a"), choose("gate", "end", a="true"), output()], ["a gate", "gate a a", "gate end end"])


def _when(expression: str) -> Json:
    gate = choose("gate", "end", a=expression)
    return definition([text("a"), gate, output()], ["a gate", "gate a a", "gate end end"], limits={"visits": 3})


@pytest.mark.parametrize(
    ("document", "code", "at", "field", "says"),
    [
        (UNKNOWN, "unknown_type", "spell", "type", "There is no node type 'magic'; there are agent, crew, "),
        (_when("inputs.topic + 1 == 2"), "bad_expression", "gate", "config.cases.0.when", "string"),
        (
            _when("size(inputs.topic)"),
            "bad_expression",
            "gate",
            "config.cases.0.when",
            "must give true or false; this one gives int",
        ),
        (_when("inputs.topic ==="), "bad_expression", "gate", "config.cases.0.when", "yntax"),
        (_when("nodes.nope.text == ''"), "unknown_node", "gate", "config.cases.0.when", "nope"),
        (CYCLE, "cycle_without_bound", "a", "limits.visits", "set limits.visits"),
    ],
    ids=["node type", "operator", "no bool", "syntax", "unknown node", "cycle"],
)
def test_a_definition_that_cannot_run_is_refused_at_both_doors(
    door: Door, document: Json, code: str, at: str, field: str, says: str
) -> None:
    refused = door.program()("post", "workflows", {"name": "Broken", "definition": document})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "definition_invalid")
    assert error["request_id"] == refused["X-Request-ID"]
    [problem] = [problem for problem in error["details"] if problem["code"] == code]
    assert (problem["node"], problem["field"]) == (at, field)
    assert says in problem["message"]

    form = {"name": "Broken", "slug": "", "description": "", "definition": json.dumps(document)}
    page = door.browser().post(ADD, form)
    assert page.status_code == 200
    [told] = [told for told in page.context["adminform"].form.errors["definition"] if says in told]
    assert at in told
    _kept_nothing(door)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('{"format": ', "line 1"),
        ('{"format": NaN}', "finite"),
        ("[" * 100_000, "more than 100 levels deep"),
        ("[1, 2]", "object"),
        ("", "required"),
    ],
    ids=["cut", "nan", "deep", "list", "nothing"],
)
def test_malformed_json_in_the_admin_is_told_at_its_field(door: Door, source: str, says: str) -> None:
    page = door.browser().post(ADD, {"name": "Broken", "slug": "", "description": "", "definition": source})
    assert page.status_code == 200
    assert says in " ".join(page.context["adminform"].form.errors["definition"])
    _kept_nothing(door)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b'{"inputs": {"topic": ', "malformed", None),
        (b'{"inputs": []}', "invalid", "inputs"),
        (b'{"inputs": {"topic": 7}}', "inputs_invalid", "inputs.topic"),
        (b'{"inputs": {"tpoic": "x"}}', "inputs_invalid", "inputs"),
    ],
    ids=["cut", "list", "type", "name"],
)
def test_a_start_with_bad_inputs_starts_nothing(door: Door, body: bytes, code: str, field: str | None) -> None:
    workflow = door.workflow(definition([text("a"), output()]))
    refused = door.program()("post", f"workflows/{workflow['id']}/runs", body)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, code), error
    assert field is None or [detail["field"] for detail in error["details"]] == [field]
    assert door.program().get("runs")["results"] == []
    assert door.program().get("usage")["today"]["runs"] == 0


def _kept_nothing(door: Door) -> None:
    for slug in ("acme", "globex"):
        assert door.program(slug=slug).get("workflows")["results"] == []
