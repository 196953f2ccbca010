"""What the page on node types says is done as it says: the type is validated, published, offered and run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract import node_stages
from tests.contract import test_node_conduct as conduct
from tests.contract import test_node_types as contract
from tests.contract.node_stages import Room
from tests.contract.test_node_conduct import room
from tests.definitions import Everything, chain
from tests.workbench import Bench, definition, node, output
from workflows.definitions import definition_schema, validate
from workflows.nodes import registry
from workflows.nodes.base import NodeType
from workflows.nodes.page import page_of

__all__ = ["room"]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "add-a-node.md"


@pytest.fixture
def upper_case(monkeypatch: pytest.MonkeyPatch) -> NodeType:
    """Follow the page: the code block is the file, and one line puts it into the registry."""
    code, stage = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    module: dict[str, Any] = {"__name__": "workflows.nodes.upper_case"}
    exec(compile(code, "upper_case.py", "exec"), module)
    kind: NodeType = module["UpperCaseNode"]()
    monkeypatch.setitem(registry._TYPES, kind.type, kind)
    monkeypatch.setitem(contract.EXAMPLES, kind.type, kind.example)
    for type_, found in eval(f"{{{stage}}}", dict(vars(node_stages))).items():
        monkeypatch.setitem(node_stages.STAGES, type_, found)
    definition_schema.cache_clear()
    return kind


@pytest.mark.parametrize(
    "promise",
    [
        contract.test_it_says_what_it_is,
        contract.test_its_schema_is_closed_and_every_field_has_a_title,
        contract.test_its_example_is_valid,
        contract.test_an_unknown_field_is_refused_by_name,
        contract.test_every_template_field_is_checked,
        contract.test_its_output_is_described,
        contract.test_the_published_schema_knows_it,
    ],
    ids=lambda promise: promise.__name__,
)
def test_it_does_what_every_type_promises(upper_case: NodeType, promise: Any) -> None:
    promise(upper_case)


def test_later_nodes_know_its_output_and_its_page_says_so(upper_case: NodeType) -> None:
    made = chain(3, lambda n: {"template": "{{ nodes.n0.txt }}" if n else "x"})
    made["nodes"][0] = {"id": "n0", "type": upper_case.type, "config": {"text": "x"}}
    [problem] = validate(made, Everything())
    assert problem.message == "There is no 'txt' in nodes.n0; it has text."
    assert "`nodes.<id>.text`: string" in page_of(upper_case)


def test_it_runs(bench: Bench, upper_case: NodeType) -> None:
    made = definition(
        [node("loud", upper_case.type, {"text": "{{ inputs.topic }}"}), output(said="{{ nodes.loud.text }}")]
    )
    assert bench.ran(made, {"topic": "tides"}).outputs == {"said": "TIDES"}


@pytest.mark.parametrize(
    "promise",
    [
        conduct.test_it_gives_what_it_describes_and_what_it_asked_of_models_is_paid,
        conduct.test_a_run_that_goes_on_elsewhere_does_nothing_again,
        conduct.test_what_does_not_pass_is_tried_as_often_as_the_policy_says_and_does_nothing,
        conduct.test_a_cancelled_run_does_not_compute_to_the_end,
        conduct.test_what_computes_too_long_is_ended_too,
        conduct.test_a_wrong_config_is_refused_when_it_is_saved,
    ],
    ids=lambda promise: promise.__name__,
)
def test_it_conducts_itself_as_every_type_does(room: Room, upper_case: NodeType, promise: Any) -> None:
    conduct.test_every_type_has_a_stage_and_what_it_does_not_promise_has_a_reason()
    promise(room, upper_case.type)


def test_without_a_stage_it_is_missed(upper_case: NodeType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(node_stages.STAGES, upper_case.type)
    with pytest.raises(AssertionError):
        conduct.test_every_type_has_a_stage_and_what_it_does_not_promise_has_a_reason()
