"""Every starter is installed as a tenant installs it, and run to its end on a scripted model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.base import ContentFile

from tenants.actions.due_times import sweep_due_times
from tenants.context import enter_platform
from tests.integration.test_kept_messages import does
from tests.model_server import Json, ModelServer, Text, asks_for, mentions
from tests.triggers import make_due
from tests.workbench import Bench

BOOK = b"# Refunds\n\nCustomers get their money back within thirty days when they send the product back unopened.\n"
Install = Callable[..., Any]


@pytest.fixture
def install(bench: Bench, model_server: ModelServer, settings: Any) -> Install:
    """Return ``install(starter)``: the workflow, with a document in each knowledge base that it made."""
    from agents.actions.documents import upload_document
    from agents.actions.ingestion import ingest_document
    from agents.models import KnowledgeBase, ModelConnection
    from workflows.actions.starters import install_starter

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    with bench.inside():
        ModelConnection.objects.create(
            slug="test", name="Test", base_url=model_server.base_url, model_names=["scripted"], is_default=True
        )

    def done(starter: str, *, documents: bool = True) -> Any:
        with bench.inside():
            workflow = install_starter(actor=bench.user("owner"), starter=starter)
            for base in KnowledgeBase.objects.all() if documents else ():
                file = ContentFile(BOOK, name="refunds.md")
                document, _ = upload_document(actor=bench.user(), knowledge_base=base, name="refunds.md", file=file)
                ingest_document(document_id=document.pk)
        return workflow

    return done


def ran(bench: Bench, workflow: Any, **inputs: Any) -> Any:
    from workflows.actions.runs import start_run

    with bench.inside():
        run = start_run(actor=bench.user("owner"), workflow=workflow, inputs=inputs)
    return bench.advance(run.id)


def test_installed_twice_it_is_there_once(bench: Bench, install: Install) -> None:
    from workflows import starters
    from workflows.models import Trigger, Workflow

    for _ in range(2):
        for starter in starters.all_starters():
            install(starter.slug, documents=False)
    with bench.inside():
        assert Workflow.objects.count() == len(starters.all_starters())
        assert list(Trigger.objects.values_list("name", "is_enabled")) == [("Weekdays at six", False)]
    with bench.inside("globex"):
        assert not Workflow.objects.exists()


def test_a_question_is_researched_weighed_and_reported(
    bench: Bench, install: Install, model_server: ModelServer
) -> None:
    model_server.always(Text("The tides come twice a day, because the moon pulls the water of the seas [D1]. " * 6))
    run = ran(bench, install("research-report"), topic="When do tides come?")
    assert (run.status, run.error) == ("completed", None)
    assert "twice a day" in run.outputs["report"]


@pytest.mark.parametrize(("verdict", "ended"), [("pass", "passed"), ("revise", "revised"), ("reject", "rejected")])
def test_a_text_is_reviewed_and_goes_its_way(
    bench: Bench, install: Install, model_server: ModelServer, verdict: str, ended: str
) -> None:
    model_server.always(Json({"verdict": verdict, "score": 7, "problems": []}), when=asks_for("verdict"))
    model_server.always(Json({"problems": []}), when=asks_for("problems"))
    run = ran(bench, install("review-text"), document="The sea is blue, as everybody knows.")
    if verdict == "revise":
        assert run.status == "waiting"
        bench.decide(run.id, "edit", content="The sea looks blue.")
        run = bench.advance(run.id)
    assert (run.status, run.error) == ("completed", None)
    assert (run.outputs["verdict"], run.outputs["score"]) == (ended, 7)


def test_a_post_is_scored_changed_and_approved_by_two(
    bench: Bench, install: Install, model_server: ModelServer
) -> None:
    model_server.always(Text("Some words on tides."))
    for score in (3, 8, 9, 9):
        model_server.answer(Json({"score": score, "reason": "It says too little."}), when=asks_for("score"))
    run = ran(bench, install("approved-post"), topic="Tides")
    assert run.status == "waiting", run.error
    bench.decide(run.id, "request_changes", comment="Mention the moon.")
    bench.advance(run.id)
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "waiting"
    bench.decide(run.id, "approve", role="owner")
    run = bench.advance(run.id)
    assert (run.status, run.outputs["drafts"]) == ("completed", 3)
    assert any("Mention the moon." in request.text for request in model_server.requests)


def sorted_as(server: ModelServer, kind: str, *, urgent: bool = False) -> None:
    found = {"kind": kind, "urgent": urgent, "question": "When do I get my money back?"}
    server.always(Json(found), when=asks_for("urgent"))
    server.always(Text("Within thirty days [D1]."))


@pytest.mark.parametrize(
    ("kind", "urgent", "by"),
    [
        ("question", False, "nobody but the handbook"),
        ("question", True, "person"),
        ("complaint", False, "person"),
        ("spam", False, "nobody"),
    ],
)
def test_messages_are_answered_handed_over_or_dropped(
    bench: Bench, install: Install, model_server: ModelServer, kind: str, urgent: bool, by: str
) -> None:
    sorted_as(model_server, kind, urgent=urgent)
    run = ran(bench, install("support-triage"), message="When do I get my refund?", sender="Ann")
    if by == "person":
        assert run.status == "waiting", run.error
        bench.decide(run.id, "approve")
        run = bench.advance(run.id)
        assert run.outputs == {"answer": "Within thirty days [D1].", "by": "Approver Person"}
    else:
        assert (run.status, run.outputs["by"]) == ("completed", by)


def test_records_are_enriched_and_what_fails_is_named(
    bench: Bench, install: Install, model_server: ModelServer
) -> None:
    model_server.always(Json({"category": "robot", "summary": "No category.", "sure": 1}), when=mentions("Zed"))
    model_server.always(Json({"category": "partner", "summary": "Sells tea.", "sure": 9}))
    records = [{"name": name} for name in ("Ann", "Zed", "Bob")]
    run = ran(bench, install("enrich-records"), records=records)
    assert (run.status, run.error) == ("completed", None)
    assert run.outputs["done"] == 2
    assert [failed["index"] for failed in run.outputs["failed"]] == [1]
    assert [record and record["data"]["category"] for record in run.outputs["records"]] == ["partner", None, "partner"]


def test_a_report_is_written_and_mailed_to_the_owners(
    bench: Bench, install: Install, model_server: ModelServer
) -> None:
    model_server.always(Text("Refunds take thirty days [D1]."))
    run = ran(bench, install("nightly-report"), subject="Refunds")
    assert (run.status, run.outputs["sent"]) == ("completed", 1), run.error
    [message] = mail.outbox
    assert (message.subject, "thirty days" in message.body) == ("Report: Refunds", True)


def test_when_its_time_has_come_the_report_is_written_and_mailed_by_itself(
    bench: Bench, install: Install, model_server: ModelServer
) -> None:
    from workflows.actions.firings import fire_schedule
    from workflows.actions.triggers import set_enabled
    from workflows.models import Run, Trigger

    model_server.always(Text("Refunds take thirty days [D1]."))
    install("nightly-report")
    with bench.inside():
        paused = Trigger.objects.get()
        assert fire_schedule(trigger_id=paused.pk) == []
        trigger = set_enabled(actor=bench.user("owner"), trigger=paused, is_enabled=True)
    make_due(bench, trigger, trigger.next_due - timedelta(days=7))
    with enter_platform():
        [due] = [one for one in sweep_due_times() if one.kind == "schedule"]
    does(bench, "workflows.fire_schedule", trigger=due.item)
    with bench.inside():
        started = Run.objects.get(firings__trigger=trigger)
    run = bench.advance(started.pk)
    assert (run.status, run.outputs["sent"]) == ("completed", 1), run.error
    [message] = mail.outbox
    assert message.subject == "Report: What changed in our products"
    assert message.recipients() == [bench.user("owner").email]
    with bench.inside("globex"):
        assert not Run.objects.exists()


def test_without_documents_nothing_is_mailed(bench: Bench, install: Install) -> None:
    run = ran(bench, install("nightly-report", documents=False), subject="Refunds")
    assert (run.status, run.outputs["sent"], mail.outbox) == ("completed", 0, [])
