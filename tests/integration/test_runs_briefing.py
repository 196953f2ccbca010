"""The Briefing starter on a scripted model: two drafts too weak, changes asked for, approved, published with its sources."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile

from tests.model_server import Json, ModelServer, asks_for
from tests.workbench import Bench

TIDES = b"# Tides\n\nThe moon pulls the water of the oceans, and that pull makes the tides rise and fall twice a day.\n"


@pytest.fixture
def briefing(bench: Bench, model_server: ModelServer) -> Any:
    """Return the installed workflow, with one document in its library."""
    from agents.actions.documents import upload_document
    from agents.actions.ingestion import ingest_document
    from agents.models import KnowledgeBase, ModelConnection
    from workflows.actions.starters import install_starter

    with bench.inside():
        ModelConnection.objects.create(
            slug="test", name="Test", base_url=model_server.base_url, model_names=["scripted"], is_default=True
        )
        workflow = install_starter(actor=bench.user(), starter="briefing")
        library = KnowledgeBase.objects.get(slug="library")
        file = ContentFile(TIDES, name="tides.md")
        document, _ = upload_document(actor=bench.user(), knowledge_base=library, name="tides.md", file=file)
        ingest_document(document_id=document.pk)
    return workflow


def test_a_briefing_is_revised_changed_approved_and_published(
    bench: Bench, briefing: Any, model_server: ModelServer
) -> None:
    from workflows.actions.runs import start_run
    from workflows.models import Artifact

    for score in (3, 8, 9):
        reasons = ["It could say more about the moon."]
        model_server.answer(Json({"reasons": reasons, "score": score}), when=asks_for("score"))
    with bench.inside():
        run = start_run(actor=bench.user(), workflow=briefing, inputs={"topic": "Why tides rise"})
    assert run.queue == "crews"
    waiting = bench.advance(run.id)
    assert (waiting.status, waiting.waiting_for) == ("waiting", "approval"), waiting.error
    bench.decide(run.id, "request_changes", comment="Mention the sun.")
    assert bench.advance(run.id).status == "waiting"
    bench.decide(run.id, "approve", comment="Good.")
    done = bench.advance(run.id)
    assert done.status == "completed", done.error
    assert done.outputs["drafts"] == 3
    assert done.outputs["score"] == 9
    assert done.outputs["approved_by"] == "Approver Person"
    with bench.inside():
        artifact = Artifact.objects.get(run=run.id)
    assert artifact.name == "Briefing - Why tides rise.md"
    assert "[D1]" in artifact.content
    assert "tides" in artifact.content.lower()
    assert artifact.content == done.outputs["briefing"]
    assert artifact.bytes == len(artifact.content.encode())
    assert any("Mention the sun." in request.text for request in model_server.requests)
    with bench.inside("globex"):
        assert not Artifact.objects.exists()


def test_without_documents_it_fails_and_says_so(bench: Bench, briefing: Any) -> None:
    from agents.models import Document
    from workflows.actions.runs import start_run

    with bench.inside():
        Document.objects.all().delete()
        run = start_run(actor=bench.user(), workflow=briefing, inputs={"topic": "Why tides rise"})
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["code"], failed.error["node"]) == ("failed", "nothing_found", "retrieve")
