"""What a search is told: neighbours, variety, metadata, reranking, rewriting; by knowledge base, node, or an agent's tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.actions.documents import put_text
from agents.actions.ingestion import ingest_document
from agents.actions.knowledge import create_knowledge_base
from agents.knowledge.readers import NOBODY
from agents.knowledge.retrieve import search
from agents.models import Document, KnowledgeBase
from nexod.kernel.errors import InvalidInput
from tests.agents import make_agent, start_agent, told
from tests.integration.test_agent_loop import asks
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer, Status
from tests.model_server.server import FIGURES
from tests.shelf import add
from tests.workbench import Bench, definition, node, output

__all__ = ["model"]

Json = dict[str, Any]
RERANK: Json = {"connection": "test", "model": "judge"}
SEA = ("The tide comes twice a day.", "A tide follows the moon.", "At low tide the sand is dry.")


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shore(bench: Bench, model: ModelServer) -> KnowledgeBase:
    """Return a knowledge base in which three documents say much the same, and one something else."""
    with bench.inside():
        base = create_knowledge_base(actor=bench.user("editor"), name="Shore")
        for number, text in enumerate(SEA):
            add(base, f"Sea {number}", text, metadata={"author": "Ada" if number else "Ben", "year": 2020 + number})
        add(base, "Bread", "Flour, water and salt make bread.", metadata={"author": "Ben"})
        return base


def prefers(word: str, monkeypatch: Any) -> None:
    """Let the reranking model like what holds ``word``."""

    def order(body: Json) -> Json:
        rows = [{"index": n, "relevance_score": float(word in text)} for n, text in enumerate(body["documents"])]
        return {"results": sorted(rows, key=lambda row: -row["relevance_score"]), "usage": {"total_tokens": 7}}

    monkeypatch.setitem(FIGURES, "/rerank", order)


def titles(base: KnowledgeBase, query: str = "tide", limit: int = 3, **how: Any) -> list[str]:
    return [one.document_title for one in search(base, query, reader=NOBODY, limit=limit, **how)]


def looked_up(bench: Bench, **config: Any) -> Any:
    """Run a workflow that looks something up, and return the run."""
    config = {"knowledge_base": "shore", "query": "tide", "limit": 3, **config}
    found = node("find", "knowledge", config)
    return bench.ran(
        definition([found, output(best="{{ nodes.find.passages[0].document_title }}", text="{{ nodes.find.text }}")])
    )


def paid(bench: Bench, run: Any) -> list[str]:
    """Return the models that the run paid for."""
    return [event.data["model"] for event in bench.events(run.id) if event.type == "model.called"]


def test_metadata_keeps_all_other_documents_out(bench: Bench, shore: KnowledgeBase) -> None:
    with bench.inside():
        assert set(titles(shore, limit=9, metadata={"author": "Ben"})) == {"Sea 0", "Bread"}
        assert titles(shore, limit=9, metadata={"author": "Ada", "year": 2022}) == ["Sea 2"]
        assert titles(shore, limit=9, metadata={"author": "Cyd"}) == []


def test_a_node_fills_metadata_in_and_leaves_out_what_is_empty(bench: Bench, shore: KnowledgeBase) -> None:
    metadata = {"author": "{{ inputs.author }}"}
    nodes = [node("find", "knowledge", {"knowledge_base": "shore", "query": "tide", "limit": 9, "metadata": metadata}),
             output(n="{{ nodes.find.passages | length }}")]  # fmt: skip
    inputs = {"author": {"type": "string"}}
    for author, number in (("Ada", "2"), ("Cyd", "0"), ("", "4")):
        made = definition(nodes, inputs={"type": "object", "properties": inputs})
        run = bench.ran(made, {"author": author})
        assert run.outputs == {"n": number}, run.error


def test_neighbours_bring_what_stands_around(bench: Bench, shore: KnowledgeBase) -> None:
    with bench.inside():
        parts = [f"## Part {number}\n\n{word.capitalize()} is the matter of this part. " * 9 for number, word in
                 enumerate(("anchors", "beacons", "canvas", "decks"))]  # fmt: skip
        add(shore, "Ships", "\n\n".join(f"{part} {'More is said of it here. ' * 30}" for part in parts))
        [alone] = search(shore, "beacons", reader=NOBODY, limit=1)
        [wide] = search(shore, "beacons", reader=NOBODY, limit=1, neighbours=1)
    assert "Beacons" in alone.text
    assert (wide.start < alone.start, alone.text in wide.text, wide.end > alone.end) == (True, True, True)


def test_variety_puts_something_else_in_place_of_the_same_again(bench: Bench, shore: KnowledgeBase) -> None:
    with bench.inside():
        assert "Bread" not in titles(shore, "the tide and the moon", limit=2)
        assert "Bread" in titles(shore, "the tide and the moon", limit=2, variety=0.9)


def test_a_model_reranks_what_was_found_and_the_run_pays_for_it(
    bench: Bench, shore: KnowledgeBase, monkeypatch: Any
) -> None:
    prefers("sand", monkeypatch)
    plain = looked_up(bench)
    assert (plain.outputs["best"] == "Sea 2", paid(bench, plain)) == (False, [])
    run = looked_up(bench, rerank=RERANK)
    assert (run.outputs["best"], paid(bench, run)) == ("Sea 2", ["judge"]), run.error


def test_a_model_rewrites_the_question(bench: Bench, shore: KnowledgeBase, model: ModelServer) -> None:
    model.answer("bread flour salt")
    question = "what does one eat in the morning"
    run = looked_up(bench, query=question, limit=1, rewrite=RERANK)
    assert (run.outputs["best"], paid(bench, run)) == ("Bread", ["judge"]), run.error
    assert question in model.requests[-1].messages[-1]["content"]


@pytest.mark.parametrize("way", ["rerank", "rewrite"])
def test_a_model_that_is_away_takes_nothing_from_a_search(
    bench: Bench, shore: KnowledgeBase, model: ModelServer, way: str
) -> None:
    model.always(Status(500, "out of order"))
    run = looked_up(bench, **{way: RERANK})
    assert (run.status, run.outputs["best"].startswith("Sea")) == ("completed", True), run.error


def test_the_knowledge_bases_own_choice_holds_where_a_node_says_nothing(
    bench: Bench, shore: KnowledgeBase, monkeypatch: Any
) -> None:
    prefers("sand", monkeypatch)
    with bench.inside():
        KnowledgeBase.objects.filter(pk=shore.pk).update(retrieval={"rerank": RERANK})
    assert looked_up(bench).outputs["best"] == "Sea 2"
    assert looked_up(bench, rerank={"connection": "", "model": ""}).outputs["best"] == "Sea 2"  # an empty form
    prefers("moon", monkeypatch)
    assert looked_up(bench, rerank=RERANK).outputs["best"] == "Sea 1"


def test_an_agents_tool_has_the_same_choices(
    bench: Bench, shore: KnowledgeBase, model: ModelServer, monkeypatch: Any
) -> None:
    prefers("sand", monkeypatch)
    settings = {"passages": 1, "rerank": RERANK, "metadata": {"author": "Ada"}}
    agent = make_agent(bench, knowledge_bases=[shore], tools=[{"tool": "knowledge_search", "settings": settings}])
    model.answer(asks("knowledge_search", query="tide"), "The sand is dry at low tide [D1].")
    run = bench.advance(start_agent(bench, agent, task="What of the sand?"))
    assert run.status == "completed", run.error
    [found] = told(bench, run, "knowledge.retrieved")
    assert found["documents"] == ["Sea 2"]
    assert "judge" in paid(bench, run)


def test_a_connection_that_is_not_there_is_a_problem_of_the_node(bench: Bench, shore: KnowledgeBase) -> None:
    with pytest.raises(InvalidInput) as refused:
        looked_up(bench, rerank={"connection": "nowhere", "model": "judge"})
    assert "rerank.connection" in str(refused.value.details)


def read(bench: Bench, base: KnowledgeBase, title: str, text: str) -> Document:
    """Return a document that was read as all are: its headings and tables are known."""
    document, _ = put_text(actor=bench.user("editor"), knowledge_base=base, title=title, text=text)
    ingest_document(document_id=document.pk)
    return document


def test_what_neighbours_brought_may_be_cited(bench: Bench, shore: KnowledgeBase, model: ModelServer) -> None:
    """The model was given the chunks around the passage as well; what it says by them is supported, at their characters."""
    with bench.inside():
        says = (
            "Anchors are forged in Bremen by seven smiths.",
            "Beacons burn oil all winter.",
            "Canvas comes from Riga.",
        )
        parts = [f"## Part {number}\n\n{f'{one} ' * 30}" for number, one in enumerate(says)]
        document = read(bench, shore, "Ships", "\n\n".join(parts))
    said = "Seven smiths forge anchors in Bremen [D1]."
    for neighbours, problem in ((1, ""), (0, "not_supported")):
        settings = {"passages": 1, "neighbours": neighbours}
        agent = make_agent(
            bench,
            name=f"Agent {neighbours}",
            knowledge_bases=[shore],
            tools=[{"tool": "knowledge_search", "settings": settings}],
        )
        model.answer(asks("knowledge_search", query="beacons"), said)
        run = bench.advance(start_agent(bench, agent, task="Who makes anchors?"))
        [checked] = told(bench, run, "citations.checked")
        [one] = checked["citations"]
        assert one["problem"] == problem, (neighbours, one)
        with bench.inside():
            given = document.body.text[one["start"] : one["end"]]
        assert ("Anchors" in given) is bool(neighbours)


def test_a_passage_out_of_a_table_is_given_with_the_names_of_its_columns(
    bench: Bench, shore: KnowledgeBase, model: ModelServer
) -> None:
    rows = "\n".join(f"| Harbour {n} | {n * 3} | Captain {n} |" for n in range(200))
    table = f"# Berths\n\n| Harbour | Berths | Master |\n|---|---|---|\n{rows}\n"
    with bench.inside():
        read(bench, shore, "Berths", table)
        [found] = search(shore, "Captain 177", reader=NOBODY, limit=1)
        assert "Captain 177" in found.text
        assert "Master" not in found.text
        assert found.lead.startswith("| Harbour | Berths | Master |")
        assert "Master" in search(shore, "Captain 177", reader=NOBODY, limit=1, neighbours=1)[0].lead
    run = looked_up(bench, query="Captain 177", limit=1)
    assert "| Harbour | Berths | Master |" in run.outputs["text"]
    agent = make_agent(
        bench, knowledge_bases=[shore], tools=[{"tool": "knowledge_search", "settings": {"passages": 1}}]
    )
    model.answer(asks("knowledge_search", query="Captain 177"), "Captain 177 is the master of harbour 177 [D1].")
    bench.advance(start_agent(bench, agent, task="Who is the master?"))
    shown = [one["content"] for one in model.requests[-1].body["messages"] if one["role"] == "tool"]
    assert "| Harbour | Berths | Master |" in shown[0]
