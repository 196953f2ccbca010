"""Event triggers: told in the transaction in which it happened, fired once for each, and never in an endless circle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from nexod.kernel.errors import InvalidInput
from nexod.kernel.happenings import Happening, tell
from tenants.context import enter_platform
from tenants.models import Plan, Tenant
from tests.triggers import due_rows, made
from tests.workbench import ask, definition, node, output, text
from workflows.actions.firings import MAX_DEPTH, start_firing
from workflows.actions.notable import spread_events
from workflows.models import Firing, Run

CHAIN = definition([text("a"), output()])
ASKING = definition([ask("b"), output()])
BROKEN = definition([node("x", "template", {"template": "{{ inputs.topic.nothing.there }}"}), output()])


@pytest.fixture
def workflow(bench):
    return bench.workflow(CHAIN, name="Listener")


def spread(bench, run, slug="acme"):
    with bench.inside(slug):
        return spread_events(run_id=run)


def start_pending(bench):
    """Do what workers do with the firings that wait, and return them."""
    with bench.inside():
        waiting = list(Firing.objects.pending().order_by("created_at", "id"))
        return [start_firing(firing_id=firing.pk) for firing in waiting]


def test_a_run_that_completed_starts_another_with_its_outputs(bench, workflow):
    first = bench.workflow(definition([text("a", "Tides"), output(text="{{ nodes.a.text }}")]), name="First")
    made(bench, workflow, "event", config={"event": "run.completed", "workflow": first.slug},
         inputs={"topic": {"from": "run.outputs.text"}})  # fmt: skip
    run = run_of(bench, first)
    spread(bench, run)
    (firing,) = start_pending(bench)
    with bench.inside():
        assert (firing.outcome, firing.depth, firing.run.inputs) == ("started", 1, {"topic": "Tides"})
        assert "outputs" not in firing.event["run"]
    with bench.inside("globex"):
        assert not Run.objects.exists()


def run_of(bench, workflow, slug="acme"):
    from workflows.actions.runs import start_run

    with bench.inside(slug):
        run = start_run(actor=bench.user(slug=slug), workflow=workflow, inputs={})
    return bench.advance(run.id, slug=slug).id


@pytest.mark.parametrize(
    ("event", "fires"),
    [("run.completed", False), ("run.failed", True), ("run.cancelled", False), ("run.finished", True)],
)
def test_each_ending_fires_what_waits_for_it(bench, workflow, event, fires):
    made(bench, workflow, "event", config={"event": event})
    run = bench.ran(BROKEN)
    assert run.status == "failed"
    spread(bench, run.id)
    assert [firing.outcome for firing in start_pending(bench)] == (["started"] if fires else [])


def test_a_run_of_another_workflow_or_tenant_fires_nothing(bench, workflow):
    made(bench, workflow, "event", config={"event": "run.completed", "workflow": workflow.slug})
    other = bench.ran(CHAIN)
    spread(bench, other.id)
    theirs = bench.ran(CHAIN, slug="globex")
    assert spread(bench, theirs.id, "globex") == 0
    assert start_pending(bench) == []


def test_told_twice_it_fires_once(bench, workflow):
    made(bench, workflow, "event", config={"event": "run.completed"})
    run = bench.ran(CHAIN)
    spread(bench, run.id)
    with bench.inside():
        key = Firing.objects.get().key
        tell(Happening("run.completed", key.removeprefix("run.completed:"), {"run": {"id": str(run.id)}}))
        assert Firing.objects.count() == 1


def test_a_circle_of_events_ends(bench, workflow):
    made(bench, workflow, "event", config={"event": "run.completed", "workflow": workflow.slug})
    run = run_of(bench, workflow)
    outcomes = []
    for _ in range(MAX_DEPTH + 3):
        spread(bench, run)
        fired = start_pending(bench)
        if not fired:
            break
        outcomes.append(fired[0].outcome)
        if fired[0].run_id is None:
            break
        run = bench.advance(fired[0].run_id).id
    assert outcomes == ["started"] * MAX_DEPTH + ["refused"]
    with bench.inside():
        assert Firing.objects.get(outcome="refused").reason["code"] == "too_deep"
        assert Run.objects.count() == MAX_DEPTH + 1


def test_a_pending_firing_is_due_until_it_has_started(bench, workflow):
    made(bench, workflow, "event", config={"event": "run.completed"})
    run = bench.ran(CHAIN)
    spread(bench, run.id)
    with bench.inside():
        firing = Firing.objects.get()
    assert due_rows()[firing.pk].kind == "firing"
    start_pending(bench)
    assert firing.pk not in due_rows()
    with bench.inside():
        assert start_firing(firing_id=firing.pk) is None
        assert Run.objects.filter(firings=firing).count() == 1


def test_an_approval_that_still_waits_is_overdue_and_one_decided_in_time_is_not(bench, workflow):
    made(bench, workflow, "event", config={"event": "approval.overdue", "after_minutes": 30},
         inputs={"topic": {"from": "approval.title"}})  # fmt: skip
    runs = [bench.ran(ASKING).id for _ in range(2)]
    [spread(bench, run) for run in runs]
    with bench.inside():
        late, decided = Firing.objects.order_by("created_at", "id")
    in_minutes = (due_rows()[late.pk].due_at - datetime.now(UTC)).total_seconds() / 60
    assert 29 < in_minutes < 31
    bench.decide(runs[1], "approve")
    found = start_pending(bench)
    assert [firing and firing.outcome for firing in found] == ["started", None]
    with bench.inside():
        assert Firing.objects.get().pk == late.pk
        assert not Firing.objects.filter(pk=decided.pk).exists()
        assert late.event["kind"] == "approval.overdue"
        assert Run.objects.get(firings=late).inputs == {"topic": "Please decide"}


def test_an_approval_that_was_decided_fires_with_the_decision(bench, workflow):
    made(
        bench, workflow, "event", config={"event": "approval.decided"}, inputs={"topic": {"from": "approval.decision"}}
    )
    run = bench.ran(ASKING).id
    bench.decide(run, "approve")
    spread(bench, run)
    (firing,) = start_pending(bench)
    with bench.inside():
        assert firing.run.inputs == {"topic": "approve"}


@pytest.mark.parametrize(("event", "fired"), [("document.ready", 1), ("document.deleted", 1), ("document.changed", 2)])
def test_documents_fire_what_waits_for_their_knowledge_base(bench, workflow, event, fired):
    made(bench, workflow, "event", config={"event": event, "knowledge_base": "library"})
    with bench.inside():
        for kind in ("document.ready", "document.failed", "document.deleted"):
            for base in ("library", "other"):
                tell(Happening(kind, str(uuid4()), {"document": {"id": "1", "name": "a.md", "knowledge_base": base}}))
        assert Firing.objects.count() == fired


def test_a_document_tells_when_it_is_ready_and_when_it_is_gone(bench, workflow, in_acme, person):
    from django.core.files.base import ContentFile

    from agents.actions.documents import delete_document, upload_document
    from agents.actions.ingestion import ingest_document
    from agents.models import KnowledgeBase

    made(bench, workflow, "event", config={"event": "document.changed"})
    base = KnowledgeBase.objects.create(slug="library", name="Library")
    document, _ = upload_document(
        actor=bench.user(),
        knowledge_base=base,
        name="tides.md",
        file=ContentFile(b"# Tides\n\nThe sea rises.", "tides.md"),
    )
    ingest_document(document_id=document.pk)
    delete_document(actor=bench.user(), document=document)
    told = [
        (firing.event["kind"], firing.event["document"]["name"])
        for firing in Firing.objects.order_by("created_at", "id")
    ]
    assert told == [("document.ready", "tides.md"), ("document.deleted", "tides.md")]
    assert "sea" not in str(list(Firing.objects.values_list("event", flat=True)))


def test_most_of_a_quota_is_told_once_a_day_to_webhooks(bench, workflow, sink):
    from collaboration.actions.endpoints import create_endpoint
    from collaboration.models import Delivery
    from workflows.actions.runs import start_run

    with bench.inside():
        create_endpoint(actor=bench.user(), name="E", url=sink.url(), events=["quota.warning"])
    with enter_platform():
        tenant = Tenant.objects.get(slug="acme")
        plan, before = Plan.objects.create(slug="small", name="Small", runs_per_day=5), tenant.plan
        Tenant.objects.filter(pk=tenant.pk).update(plan=plan)
    try:
        with bench.inside():
            for _ in range(5):
                start_run(actor=bench.user(), workflow=workflow, inputs={})
            told = [row.payload["data"]["quota"] for row in Delivery.objects.order_by("created_at", "id")]
        assert [(row["limit"], row["level"], row["used"], row["allowed"]) for row in told] == [
            ("runs_per_day", 80, 4, 5), ("runs_per_day", 100, 5, 5),
        ]  # fmt: skip
    finally:
        with enter_platform():
            Tenant.objects.filter(pk=tenant.pk).update(plan=before)
            plan.delete()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"event": "run.exploded"}, "config.event"), ({}, "config"),
        ({"event": "run.failed", "knowledge_base": "x"}, "config.knowledge_base"),
        ({"event": "run.failed", "name": "x"}, "config.name"),
        ({"event": "document.ready", "workflow": "x"}, "config.workflow"),
        ({"event": "approval.overdue", "after_minutes": 0}, "config.after_minutes"),
    ],
)  # fmt: skip
def test_an_event_that_can_never_be_is_refused(bench, workflow, config, field):
    with pytest.raises(InvalidInput) as refusal:
        made(bench, workflow, "event", config=config)
    assert refusal.value.details[0]["field"] == field


def test_a_queued_firing_whose_hint_is_lost_is_looked_at_again(bench, workflow):
    made(bench, workflow, "event", config={"event": "run.failed"}, overlap="queue")
    for _ in range(2):
        run = bench.ran(BROKEN)
        spread(bench, run.id)
    first, second = start_pending(bench)
    assert (first.outcome, second.outcome) == ("started", "pending")
    wait = due_rows()[second.pk].due_at - datetime.now(UTC)
    assert timedelta(seconds=30) < wait < timedelta(seconds=61)
    bench.advance(first.run_id)
    assert [firing.outcome for firing in start_pending(bench)] == ["started"]


def test_what_a_workflow_emits_fires_by_its_name_once_and_its_data_can_be_taken(bench, workflow):
    made(bench, workflow, "event", config={"event": "event.emitted", "name": "order.ready"},
         inputs={"topic": {"from": "data.order"}})  # fmt: skip
    run = bench.ran(CHAIN).id
    with bench.inside():
        for name in ("order.ready", "order.ready", "order.gone"):
            data = {"name": name, "data": {"order": "A7"}, "run": str(run), "workflow": "test", "depth": 0}
            tell(Happening("event.emitted", name, data))
    (firing,) = start_pending(bench)
    with bench.inside():
        assert (firing.depth, firing.run.inputs) == (1, {"topic": "A7"})


def test_a_child_of_a_run_is_as_deep_in_the_circle_as_its_parent(bench, workflow):
    from workflows.models import Step

    trigger, _ = made(bench, workflow, "event", config={"event": "run.completed"})
    parent, child = bench.ran(CHAIN).id, bench.ran(CHAIN).id
    with bench.inside():
        Firing.objects.create(trigger=trigger, source="event", key="x", outcome="started", run_id=parent, depth=3)
        Run.objects.filter(pk=child).update(parent=Step.objects.filter(run=parent).first())
    spread(bench, child)
    with bench.inside():
        assert Firing.objects.pending().get().depth == 4
