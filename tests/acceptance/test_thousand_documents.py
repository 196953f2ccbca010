"""An agent and a crew answer over a thousand documents; citations resolve, and nobody is answered from what he may not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents.actions.knowledge import create_knowledge_base
from agents.models import Document, DocumentText
from tests.agents import make_agent, start_agent, told
from tests.integration.test_agent_loop import asks
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.shelf import fill
from tests.teams import make_crew
from tests.workbench import Bench, definition, node, output

__all__ = ["model"]

DOCUMENTS = 1_000
NAMES = ("amber", "birch", "cobalt", "delta", "ember", "falcon", "garnet", "harbor", "indigo", "juniper")
ASKED = (17, 256, 404, 731, 999)
CLOSED = frozenset(number for number in range(DOCUMENTS) if number % 3 == 0 and number not in ASKED)
"""What only owners and admins, and who is named, may read."""
WANTED = (18, 333, 600, 900)
"""Of these."""
ONE_PASSAGE = [{"tool": "knowledge_search", "settings": {"passages": 1}}]
TASKS = [{"slug": "find", "description": "Find who leads them", "agent": "Finder"},
         {"slug": "write", "description": "Write it down", "agent": "Writer", "context": ["find"]}]  # fmt: skip


def name(number: int) -> str:
    return "-".join(NAMES[int(digit)] for digit in f"{number:03}")


def says(number: int) -> str:
    return f"Project {name(number)} is led by engineer {number * 7 + 3} and ends in the year {2030 + number % 50}."


def text(number: int) -> str:
    return f"Minutes of a meeting.\n\n{says(number)}\n\nThe next meeting is on a Tuesday, in room {number % 40}."


def answer() -> str:
    return " ".join(says(number).removesuffix(".") + f" [D{at}]." for at, number in enumerate(ASKED, 1))


def asked_for(numbers: Sequence[int] = ASKED) -> list[Any]:
    return [asks("knowledge_search", query=f"Who leads project {name(number)}?") for number in numbers]


@pytest.fixture
def library(bench: Bench) -> Any:
    restricted = {"visibility": "restricted"}
    texts = [(f"Minutes {number}", text(number), restricted if number in CLOSED else {}) for number in range(DOCUMENTS)]
    with bench.inside():
        base = create_knowledge_base(actor=bench.user("editor"), name="Minutes")
        fill(base, texts)
    return base


@pytest.mark.timeout(1200)
def test_every_citation_resolves_to_what_says_so(bench: Bench, model: ModelServer, library: Any) -> None:
    agent = make_agent(bench, knowledge_bases=[library], tools=ONE_PASSAGE, rounds=12)
    model.answer(*asked_for(), answer())
    run = bench.advance(start_agent(bench, agent, task="Who leads these projects?"))
    assert run.status == "completed", run.error
    [checked] = told(bench, run, "citations.checked")
    resolve(bench, checked)


@pytest.mark.timeout(1200)
def test_every_citation_of_a_crew_resolves_to_what_says_so(bench: Bench, model: ModelServer, library: Any) -> None:
    """The finder looks up and cites; the writer cites what it was handed, under the names that the finder used."""
    agents = {role: {"knowledge_bases": [library], "tools": ONE_PASSAGE} for role in ("Finder", "Writer")}
    make_crew(bench, model.base_url, agents, TASKS)
    model.answer(*asked_for(), answer(), answer())
    run = bench.ran(definition([node("team", "crew", {"crew": "team"}), output()]))
    assert run.status == "completed", run.error
    checks = told(bench, run, "citations.checked")
    assert checks
    for checked in checks:
        resolve(bench, checked)


def resolve(bench: Bench, checked: dict[str, Any]) -> None:
    """Each citation stands for the characters of the one document that says so."""
    assert (checked["flagged"], len(checked["citations"])) == (0, len(ASKED))
    with bench.inside():
        for number, one in zip(ASKED, checked["citations"], strict=True):
            body = DocumentText.objects.get(document=one["document"]).text
            assert says(number) in body[one["start"] : one["end"]]
            assert one["title"] == f"Minutes {number}"


def prompts(model: ModelServer) -> str:
    """Return all that the models were given, but for what they said themselves."""
    return " ".join(
        str(message["content"])
        for one in model.requests
        for message in one.body["messages"]
        if message["role"] != "assistant"
    )


def leaked(model: ModelServer) -> list[int]:
    """Return the closed documents of which anything has reached a model."""
    given = prompts(model)
    return [number for number in sorted(CLOSED) if f"led by engineer {number * 7 + 3} " in given]


@pytest.mark.timeout(1200)
def test_an_agent_retrieves_nothing_that_its_person_may_not_read(
    bench: Bench, model: ModelServer, library: Any
) -> None:
    agent = make_agent(bench, knowledge_bases=[library], rounds=12)
    model.answer(*asked_for(WANTED), "I do not know.")
    run = bench.advance(start_agent(bench, agent, task="Who leads these projects?"))
    assert run.status == "completed", run.error
    assert "led by engineer" in prompts(model)  # it did find what is open
    assert leaked(model) == []
    with bench.inside():
        Document.objects.get(title=f"Minutes {WANTED[0]}").readers.add(bench.user("editor"))
    model.answer(*asked_for(WANTED), "I do not know.")
    bench.advance(start_agent(bench, agent, task="Who leads these projects?"))
    assert leaked(model) == [WANTED[0]]  # opened to this person, it is found


@pytest.mark.timeout(1200)
def test_a_crew_retrieves_nothing_that_its_person_may_not_read(bench: Bench, model: ModelServer, library: Any) -> None:
    agents = {role: {"knowledge_bases": [library]} for role in ("Finder", "Writer")}
    make_crew(bench, model.base_url, agents, TASKS)
    model.answer(*asked_for(WANTED), "I do not know.", *asked_for(WANTED), "Nobody knows.")
    run = bench.ran(definition([node("team", "crew", {"crew": "team"}), output()]))
    assert run.status == "completed", run.error
    assert len(told(bench, run, "knowledge.retrieved")) == 2 * len(WANTED)
    assert "led by engineer" in prompts(model)
    assert leaked(model) == []
