"""The node types that look things up and let models work, on real rows of one tenant and a scripted model."""

from __future__ import annotations

import pytest

from agents.actions.connections import create_connection
from agents.crew.errors import CrewMissing
from agents.errors import AgentMissing
from agents.llm.errors import ModelNotConnected, OutputInvalid
from agents.models import KnowledgeBase
from nexod.kernel.errors import NotFound
from nexod.kernel.events import KnowledgeRetrieved
from tenants.context import enter_tenant
from tests.definitions import Call
from tests.model_server import Json, ModelServer, says_system
from tests.model_server.port import Run
from tests.shelf import add
from workflows.actions.starters import install_starter
from workflows.definitions import parse
from workflows.nodes.errors import NothingFound
from workflows.nodes.registry import get

CITED = {
    "type": "object",
    "required": ["source"],
    "properties": {"source": {"type": "string", "x-enum-from": "nodes.look.ids"}},
}
VALUES = {
    "inputs": {"topic": "tea {braces}", "bar": 6},
    "nodes": {"look": {"ids": ["D1", "D2"]}},
    "visits": {"draft": 1},
    "run": {"id": "r"},
}


@pytest.fixture
def briefing(in_acme, person, model_server: ModelServer):
    """Install the starter in acme, with one document, on the scripted model; return its definition."""
    owner = person("acme", "owner")
    create_connection(actor=owner, name="Scripted", base_url=model_server.base_url, model_names=["scripted"])
    workflow = install_starter(actor=owner, starter="briefing")
    base = KnowledgeBase.objects.get(slug="library")
    text = "Tea is made of leaves. Water must boil before it is poured on the leaves."
    add(base, "Tea", text)
    return parse(workflow.published.definition)


def run_node(type_, config, values=VALUES):
    return get(type_).run(Call(config, values)).output


def test_a_model_answers_a_rendered_prompt(briefing, model_server):
    model_server.answer("Green tea.")
    output = run_node("llm", {"system": "Be brief.", "prompt": "Which {{ inputs.topic }}?"})
    assert output == {"text": "Green tea.", "model": "scripted", "model_note": "Written by scripted."}
    [request] = model_server.requests
    assert request.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Which tea {braces}?"},
    ]


def test_a_structured_answer_can_only_cite_what_was_found(briefing, model_server):
    model_server.answer(Json({"source": "D2"}))
    assert run_node("llm", {"prompt": "p", "output_schema": CITED})["data"] == {"source": "D2"}
    assert model_server.requests[0].schema["properties"]["source"] == {"type": "string", "enum": ["D1", "D2"]}


def test_an_invented_citation_fails_the_step(briefing, model_server):
    model_server.always(Json({"source": "D9"}))
    with pytest.raises(OutputInvalid):
        run_node("llm", {"prompt": "p", "output_schema": CITED})


def test_a_missing_connection_is_told(briefing):
    with pytest.raises(ModelNotConnected, match="'gone'"):
        run_node("llm", {"prompt": "p", "model": "gone"})


def test_an_agent_gets_its_task_as_it_was_rendered(briefing, model_server):
    model_server.answer("Done.", when=says_system("You are Writer"))
    output = run_node("agent", {"agent": "writer", "prompt": "About {{ inputs.topic }}"})
    assert output == {"text": "Done.", "model_note": "Written by scripted."}
    assert "About tea {braces}" in model_server.requests[0].text


def test_an_agent_answers_by_a_schema(briefing, model_server):
    assert run_node("agent", {"agent": "writer", "prompt": "p", "output_schema": CITED})["data"] == {"source": "D1"}


def test_passages_are_named_told_and_numbered(briefing, run: Run):
    output = run_node("knowledge", briefing.by_id["retrieve"].config)
    assert output["ids"] == ["D1"]
    assert output["passages"][0]["document_title"] == "Tea"
    assert output["text"].startswith("[D1] Tea\nTea is made of leaves.")
    [event] = run.events
    [passage] = event.passages
    assert (passage.ref, passage.chunk) == ("D1", output["passages"][0]["chunk_id"])
    told = {"query": "tea {braces}", "chunks": 1, "documents": ["Tea"], "passages": [passage]}
    assert event == KnowledgeRetrieved(node="crew", step="step-1", **told)


def test_nothing_found_fails_only_where_something_is_required(briefing):
    KnowledgeBase.objects.create(slug="empty", name="Empty")
    config = {"knowledge_base": "empty", "query": "tea"}
    assert run_node("knowledge", config) == {"passages": [], "ids": [], "text": "", "query": "tea"}
    with pytest.raises(NothingFound, match="Nothing in 'empty' matches 'tea'"):
        run_node("knowledge", {**config, "required": True})


def test_the_crew_of_the_briefing_writes_with_citations_of_what_was_found(briefing, model_server):
    look = run_node("knowledge", briefing.by_id["retrieve"].config)
    values = {**VALUES, "nodes": {"retrieve": look}}
    output = run_node("crew", briefing.by_id["draft"].config, values)
    assert list(output["tasks"]) == ["research", "write", "review"]
    assert output["tasks"]["write"]["data"]["sections"][0]["citations"] == ["D1"]
    assert output["tasks"]["research"]["agent"] == "research-analyst"
    assert output["data"] == output["tasks"]["review"]["data"]
    research, write, review = model_server.requests
    assert "Tea is made of leaves." in research.text
    assert output["tasks"]["research"]["text"] in write.text
    assert output["tasks"]["write"]["text"] in review.text


def test_the_other_tenant_has_none_of_it(briefing, globex):
    with enter_tenant(globex):
        with pytest.raises(CrewMissing):
            run_node("crew", {"crew": "briefing-crew"})
        with pytest.raises(AgentMissing):
            run_node("agent", {"agent": "writer", "prompt": "p"})
        with pytest.raises(NotFound):
            run_node("knowledge", {"knowledge_base": "library", "query": "tea"})
        with pytest.raises(ModelNotConnected):
            run_node("llm", {"prompt": "p", "model": "scripted"})
