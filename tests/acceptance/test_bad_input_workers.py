"""Bad input that reaches real workers: each says what was wrong with it, and the worker takes the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rich.console import Console

from nexod.embedded.demo.api import ApiRefused
from nexod.embedded.demo.library import find_library
from nexod.embedded.demo.play import Play
from tests.front_door import Door
from tests.live_stage import Stage
from tests.model_server import Cut, ModelServer, Status, mentions
from tests.papers import pdf
from tests.workbench import definition, node, output, text
from tests.worker import Nursery, workers

Json = dict[str, Any]
LOOPS = "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}"
PATIENCE_S = 40


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """Serve for as long as the workers live, who are told of it once."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def nursery(model: ModelServer) -> Iterator[Nursery]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXOD_EGRESS_ALLOW", model.address)
        found = Nursery()
    yield found
    found.close()


@pytest.fixture
def worker(nursery: Nursery, tmp_path: Path, door: Door) -> Iterator[None]:
    with workers(nursery, tmp_path) as start:
        start(threads=2)
        yield


@pytest.mark.usefixtures("worker")
def test_runs_that_fail_side_by_side_leave_the_worker_free(door: Door, model: ModelServer) -> None:
    model.always(Status(500), when=mentions("five hundred"))
    model.always(Cut(), when=mentions("cut"))
    model.always("The moon pulls.", when=mentions("well"))
    door.connect(model.base_url)
    # A connection of its own for each: one that fails too often in a row rests for all who use it.
    about = {"base_url": model.base_url, "api_key": "sk-front-door", "model_names": ["scripted"]}
    others = {
        topic: door.make("model-connections", {"name": topic, **about})["slug"] for topic in ("five hundred", "cut")
    }
    runs = {topic: _started(door, _asking(topic, model=slug)) for topic, slug in others.items()}
    runs["well"] = _started(door, _asking("well"))
    runs["loops"] = _started(door, definition([text("ask", LOOPS), output()]))
    for run in runs.values():
        _wait(lambda run=run: door.run(run)["status"] in ("failed", "completed"))
    door.shows_failure(runs["five hundred"], node="ask", code="model_unavailable")
    door.shows_failure(runs["cut"], node="ask", code="model_stream_cut")
    door.shows_failure(runs["loops"], node="ask", code="template_failed")
    assert door.run(runs["well"])["outputs"] == {"said": "The moon pulls."}
    for run in runs.values():
        door.left_nothing(run)


@pytest.mark.usefixtures("worker")
def test_an_encrypted_pdf_is_read_by_a_worker_and_can_be_replaced(door: Door) -> None:
    base = door.make("knowledge-bases", {"name": "Docs"})
    secret = _uploaded(door, base, pdf("The moon pulls the water.", password="x"))
    _wait(lambda: _state(door, secret) == "failed")
    shown = door.program().get(f"documents/{secret}")
    assert shown["error"]["code"] == "document_encrypted"
    assert "protected by a password" in shown["error"]["message"]

    open_ = _uploaded(door, base, pdf("The moon pulls the water."))
    _wait(lambda: _state(door, open_) == "ready")
    assert _state(door, secret) == "failed"
    assert door.program(slug="globex").get("documents")["results"] == []


@pytest.mark.usefixtures("worker")
def test_a_folder_in_which_nothing_can_be_read_is_told_file_by_file(door: Door, stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "secret.pdf").write_bytes(pdf("Behind a password", password="x"))
    (folder / "big.md").write_bytes(b"x" * 26_300_000)
    (folder / "nothing.txt").touch()
    told, acme = StringIO(), {"host": "acme.test", "api_key": door.key()}
    known = {"base_url": f"http://127.0.0.1:{stage.port}", "tenants": {"acme": acme}}
    play = Play(known, Console(file=told, width=1000), once=True)
    with closing(play.api._http), pytest.raises(ApiRefused, match="None of the documents can be read"):
        play.read_documents(find_library(str(folder)))
    _, secret, big, nothing = sorted(line.strip() for line in told.getvalue().splitlines() if line)
    assert big.startswith("refused big.md: ")
    assert big.endswith("The file has 26.3 MB; 26.2 MB are allowed. Split it.")
    assert nothing.startswith("refused nothing.txt: ")
    assert secret.startswith("not readable secret.pdf: This PDF is protected by a password.")
    assert door.program().get("runs")["results"] == []


def _asking(topic: str, *, model: str = "") -> Json:
    ask = node("ask", "llm", {"prompt": f"Say something: {topic}", "model": model})
    return definition([ask, output(said="{{ nodes.ask.text }}")])


def _started(door: Door, document: Json) -> UUID:
    return door.start("workflows", door.workflow(document))


def _uploaded(door: Door, base: Json, content: bytes) -> str:
    file = SimpleUploadedFile("moon.pdf", content)
    answer = door.program().client.post("/api/v1/documents", {"knowledge_base": base["id"], "file": file})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _state(door: Door, document: str) -> str:
    return str(door.program().get(f"documents/{document}")["status"])


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < end, "It did not come to an end."
        time.sleep(0.1)
