"""Outgoing webhooks: signed, sent once the event is committed, tried again for a day, bounded, and nowhere inside."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from collaboration.actions import deliveries, endpoints
from collaboration.actions.deliveries import EndpointDisabled, ping, redeliver, send_delivery
from collaboration.actions.endpoints import create_endpoint, rotate_endpoint_secret, update_endpoint
from collaboration.actions.outbox import claimed_delivery
from collaboration.actions.settling import settle
from collaboration.models import Delivery, Notification, WebhookEndpoint
from collaboration.notifications import sending, waits
from collaboration.notifications.attempt import Attempt
from collaboration.notifications.catalogue import EVENTS
from nexod.kernel.errors import InvalidInput, PermissionDenied
from nexod.kernel.happenings import Happening, tell
from nexod.kernel.standard_webhooks import is_signed
from tests.sink import Answer
from tests.triggers import due_rows, made, signed
from tests.workbench import ask, definition, output, text
from workflows.actions.firings import MAX_DEPTH
from workflows.actions.notable import spread_events
from workflows.actions.runs import cancel_run
from workflows.models import Firing
from workflows.triggers.depth import HEADER

CHAIN = definition([text("a"), output()])


@pytest.fixture
def endpoint(bench, sink):
    with bench.inside():
        return create_endpoint(actor=bench.user(), name="Ours", url=sink.url("/hook"), events=list(EVENTS))[0]


@pytest.fixture
def theirs(bench, sink):
    with bench.inside("globex"):
        return create_endpoint(
            actor=bench.user(slug="globex"), name="Theirs", url=sink.url("/globex"), events=list(EVENTS)
        )[0]


def told(bench, kind="run.completed", key="1", slug="acme"):
    """Let something happen, and return its delivery."""
    with bench.inside(slug):
        tell(Happening(kind, key, {"run": {"id": str(uuid4())}}))
        return Delivery.objects.exclude(endpoint=None).get()


def sent(bench, delivery):
    with bench.inside():
        return send_delivery(delivery_id=delivery.pk)


def reread(bench, delivery):
    with bench.inside():
        return Delivery.objects.select_related("endpoint").get(pk=delivery.pk)


def make_due(bench, delivery):
    with bench.inside():
        Delivery.objects.filter(pk=delivery.pk).update(next_at=datetime.now(UTC) - timedelta(seconds=1))


def test_a_run_is_told_to_the_endpoint_of_its_tenant_and_to_no_other(bench, sink, endpoint, theirs):
    run = bench.start(definition([text("a"), ask("b"), output()]))
    bench.advance(run)
    bench.decide(run, "approve")
    bench.advance(run)
    with bench.inside():
        spread_events(run_id=run)
        rows = list(Delivery.objects.order_by("created_at", "id"))
        assert [row.event for row in rows] == [
            "run.started", "approval.requested", "run.waiting", "approval.decided", "run.completed",
        ]  # fmt: skip
        [send_delivery(delivery_id=row.pk) for row in rows]
    assert [seen.json["type"] for seen in sink.requests] == [row.event for row in rows]
    last = sink.requests[-1].json
    assert (last["version"], last["data"]["run"]["id"], last["data"]["run"]["status"]) == (1, str(run), "completed")
    assert "outputs" not in json.dumps(last)
    assert sink.count("/globex") == 0
    with bench.inside("globex"):
        assert not Delivery.objects.exists()


def test_a_run_that_fails_or_is_cancelled_is_told_as_that(bench, sink, endpoint, theirs):
    failed = bench.ran(definition([text("a", "{{ inputs.topic.nothing.there }}"), output()])).id
    cancelled = bench.start(CHAIN)
    with bench.inside():
        cancel_run(actor=bench.user(), run=bench.run(cancelled))
        for run in (failed, cancelled):
            spread_events(run_id=run)
        rows = Delivery.objects.exclude(endpoint=None).filter(event__in=["run.failed", "run.cancelled"])
        [send_delivery(delivery_id=row.pk) for row in rows.order_by("created_at", "id")]
    sent_of = [
        (seen.json["type"], seen.json["data"]["run"]["id"], seen.json["data"]["run"]["status"])
        for seen in sink.requests
    ]
    assert sent_of == [("run.failed", str(failed), "failed"), ("run.cancelled", str(cancelled), "cancelled")]
    assert sink.count("/globex") == 0
    with bench.inside("globex"):
        assert not Delivery.objects.exists()


def test_nothing_is_noted_where_nobody_listens(bench, sink, theirs):
    run = bench.ran(CHAIN)
    assert run.id not in due_rows()
    with bench.inside():
        assert spread_events(run_id=run.id) == 0


def test_an_event_is_noted_with_the_statement_that_stores_it_and_spread_once(bench, endpoint):
    run = bench.ran(CHAIN)
    assert due_rows()[run.id].kind == "run"
    with bench.inside():
        assert spread_events(run_id=run.id) == 2
        assert spread_events(run_id=run.id) == 0
        assert Delivery.objects.count() == 2
    assert run.id not in due_rows()


def test_a_worker_that_dies_while_it_spreads_leaves_the_note(bench, endpoint, monkeypatch):
    run = bench.ran(CHAIN)
    monkeypatch.setattr(deliveries, "announce", lambda delivery: 1 / 0)
    with bench.inside(), pytest.raises(ZeroDivisionError):
        spread_events(run_id=run.id)
    monkeypatch.undo()
    with bench.inside():
        assert not Delivery.objects.exists()
        assert spread_events(run_id=run.id) == 2


def test_it_is_signed_as_the_standard_says_with_the_same_id_each_time(bench, sink):
    with bench.inside():
        _, secret = create_endpoint(actor=bench.user(), name="E", url=sink.url("/hook"), events=["run.completed"])
    delivery = told(bench)
    sink.answer(Answer(status=500))
    sent(bench, delivery)
    make_due(bench, delivery)
    sent(bench, delivery)
    first, second = sink.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"msg_{delivery.pk}"
    for seen in (first, second):
        given = {"timestamp": seen.headers["webhook-timestamp"], "given": seen.headers["webhook-signature"]}
        assert is_signed([secret], id_=seen.headers["webhook-id"], body=seen.body, **given)
        assert abs(int(seen.headers["webhook-timestamp"]) - time.time()) < 30
    assert reread(bench, delivery).status == "delivered"
    assert delivery.pk not in due_rows()


def test_while_a_secret_is_rotated_both_sign_and_neither_is_stored_as_it_is(bench, sink):
    with bench.inside():
        endpoint, old = create_endpoint(actor=bench.user(), name="E", url=sink.url("/hook"), events=["run.completed"])
        new = rotate_endpoint_secret(actor=bench.user(), endpoint=endpoint, overlap_h=1)
        stored = json.dumps(WebhookEndpoint.objects.get().encrypted_secrets)
        assert old not in stored
        assert new not in stored
    sent(bench, told(bench))
    (seen,) = sink.requests
    for secret in (old, new):
        given = {"timestamp": seen.headers["webhook-timestamp"], "given": seen.headers["webhook-signature"]}
        assert is_signed([secret], id_=seen.headers["webhook-id"], body=seen.body, **given)


def test_when_its_time_is_over_the_former_secret_signs_nothing_more(bench, sink):
    with bench.inside():
        endpoint, old = create_endpoint(actor=bench.user(), name="E", url=sink.url("/hook"), events=["run.completed"])
        new = rotate_endpoint_secret(actor=bench.user(), endpoint=endpoint, overlap_h=0)
    sent(bench, told(bench))
    (seen,) = sink.requests
    given = {"timestamp": seen.headers["webhook-timestamp"], "given": seen.headers["webhook-signature"]}
    holds = [is_signed([one], id_=seen.headers["webhook-id"], body=seen.body, **given) for one in (old, new)]
    assert holds == [False, True]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(status=500, body=b"oops"), 500), (Answer(status=404), 404), (Answer(status=301, headers={"Location": "/"}), 301),
        (Answer(status=429, headers={"Retry-After": "1800"}), 429), (Answer(drop=True), 0), (Answer(status=200, hang_s=3), 0),
        (Answer(status=500, body=b"x" * 5_000_000), 500), (Answer(status=500, body=b"\x00\xff"), 500),
    ],
)  # fmt: skip
def test_what_is_not_taken_is_tried_again_later_and_logged(bench, sink, endpoint, answer, status, monkeypatch):
    monkeypatch.setattr(sending, "TIMEOUT_S", 1.0)
    delivery = told(bench)
    sink.answer(answer)
    sent(bench, delivery)
    row = reread(bench, delivery)
    assert (row.status, row.attempts, [entry["status"] for entry in row.log]) == ("pending", 1, [status])
    assert len(row.log[0]["excerpt"]) <= sending.EXCERPT
    assert bool(row.log[0]["error"]) == (status == 0)
    wait = (row.next_at - datetime.now(UTC)).total_seconds()
    assert (1790 < wait < 1801) if status == 429 else (3 < wait < 6)
    assert due_rows()[delivery.pk].due_at == row.next_at
    assert sent(bench, delivery) is None  # not due yet
    assert sink.count() == 1


@pytest.mark.parametrize(("drips", "status", "ends"), [("head", 0, "pending"), ("body", 200, "delivered")])
def test_a_receiver_that_drips_holds_no_worker(bench, sink, endpoint, drips, status, ends, monkeypatch):
    """A byte now and then keeps each read alive; the answer as a whole has its time, which ends before the claim lapses."""
    monkeypatch.setattr(sending, "TIMEOUT_S", 1.0)
    delivery = told(bench)
    sink.answer(Answer(drips=drips))
    done = threading.Thread(target=sent, args=(bench, delivery), daemon=True)
    done.start()
    done.join(30)
    assert not done.is_alive()
    row = reread(bench, delivery)
    assert (row.status, [entry["status"] for entry in row.log]) == (ends, [status])
    assert ("within 1 s" in row.log[0]["error"]) == (drips == "head")


def test_an_endpoint_that_fails_and_hangs_holds_one_worker_at_most(bench, sink, endpoint, theirs):
    """Others, of this tenant and of the next, go out meanwhile; when it takes something again, so do its own."""
    first = told(bench)
    with bench.inside():
        tell(Happening("run.failed", "2", {"run": {"id": str(uuid4())}}))
        second = Delivery.objects.exclude(pk=first.pk).get()
        other, _ = create_endpoint(actor=bench.user(), name="O", url=sink.url("/other"), events=["run.cancelled"])
        tell(Happening("run.cancelled", "3", {"run": {"id": str(uuid4())}}))
        well = Delivery.objects.get(endpoint=other)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=datetime.now(UTC))
        hanging = claimed_delivery(first.pk)
        assert (hanging.pk, send_delivery(delivery_id=second.pk)) == (first.pk, None)
        assert send_delivery(delivery_id=well.pk).is_taken
    of_globex = told(bench, slug="globex")
    with bench.inside("globex"):
        assert send_delivery(delivery_id=of_globex.pk).is_taken
    assert second.pk in due_rows()
    assert (sink.count("/hook"), reread(bench, second).attempts) == (0, 0)
    with bench.inside():
        settle(hanging, Attempt(503, 1.0))
        assert send_delivery(delivery_id=second.pk).is_taken
    assert reread(bench, second).endpoint.failing_since is None


def test_it_is_given_up_after_a_day_of_growing_waits(bench, sink, endpoint):
    delivery = told(bench)
    sink.answer(*[Answer(status=503)] * 20)
    slept = []
    while reread(bench, delivery).status == "pending":
        sent(bench, delivery)
        row = reread(bench, delivery)
        if row.next_at:
            slept.append((row.next_at - datetime.now(UTC)).total_seconds())
        make_due(bench, delivery)
    row = reread(bench, delivery)
    assert (row.status, row.attempts, sink.count(), len(row.log)) == ("failed", 8, 8, 8)
    assert slept == sorted(slept)
    assert 0.9 * 86_400 < sum(slept) < 1.1 * 86_400
    assert sum(waits.WAITS_S) == 86_400
    assert delivery.pk not in due_rows()


def test_two_workers_send_it_once(bench, sink, endpoint, monkeypatch):
    delivery = told(bench)
    sink.answer(Answer(hang_s=0.5))
    threads = [threading.Thread(target=sent, args=(bench, delivery)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert sink.count() == 1


def test_a_worker_that_dies_while_it_sends_lets_another_send_the_same_again(bench, sink, endpoint, monkeypatch):
    delivery = told(bench)
    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "settle", lambda claimed, attempt, **given: None)  # it is gone before it can say so
        sent(bench, delivery)
    assert sent(bench, delivery) is None  # the claim still holds
    assert due_rows()[delivery.pk].due_at == reread(bench, delivery).sending_until
    with bench.inside():
        Delivery.objects.update(sending_until=datetime.now(UTC) - timedelta(seconds=1))
    sent(bench, delivery)
    assert [seen.headers["webhook-id"] for seen in sink.requests] == [f"msg_{delivery.pk}"] * 2
    assert reread(bench, delivery).status == "delivered"


def test_a_worker_that_was_late_writes_over_nobody(bench, sink, endpoint, monkeypatch):
    delivery = told(bench)
    with bench.inside():
        late = claimed_delivery(delivery.pk)
        Delivery.objects.update(sending_until=datetime.now(UTC) - timedelta(seconds=1))
    sent(bench, delivery)
    with bench.inside():
        settle(late, Attempt(500, 1.0))
    row = reread(bench, delivery)
    assert (row.status, [entry["status"] for entry in row.log]) == ("delivered", [200])


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook", "https://127.0.0.1/hook", "https://10.0.0.1/", "https://169.254.169.254/latest/", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://0x7f.1/", "https://2130706433/", "https://localhost/", "https://user:pw@93.184.216.34/",
        "https://nobody.invalid/", "ftp://93.184.216.34/", "https://", "nonsense", "https://93.184.216.34:99999/",
        "https://93.184.216.34/#x", "https://0.0.0.0/", "https://224.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_called_is_refused_at_its_field(bench, url):
    with bench.inside(), pytest.raises(InvalidInput) as refusal:
        create_endpoint(actor=bench.user(), name="E", url=url, events=["run.completed"])
    assert refusal.value.details[0]["field"] == "url"


def test_an_address_that_leads_inside_later_is_not_called(bench, sink, endpoint, settings):
    delivery = told(bench)
    settings.NEXOD_EGRESS_ALLOW = []
    sent(bench, delivery)
    assert sink.count() == 0
    assert "may not be called" in reread(bench, delivery).log[0]["error"]


@pytest.mark.parametrize("events", [[], ["run.exploded"], ["run.completed", ""]])
def test_events_that_there_are_not_are_refused(bench, sink, events):
    with bench.inside(), pytest.raises(InvalidInput) as refusal:
        create_endpoint(actor=bench.user(), name="E", url=sink.url(), events=events)
    assert refusal.value.details[0]["field"] == "events"


def test_an_endpoint_hears_only_what_it_chose_and_nothing_while_disabled(bench, sink):
    with bench.inside():
        endpoint, _ = create_endpoint(actor=bench.user(), name="E", url=sink.url(), events=["budget.exceeded"])
        tell(Happening("quota.warning", "1"))
        assert not Delivery.objects.exists()
        update_endpoint(actor=bench.user(), endpoint=endpoint, is_enabled=False)
        tell(Happening("budget.exceeded", "2"))
        assert not Delivery.objects.exists()
        update_endpoint(actor=bench.user(), endpoint=endpoint, is_enabled=True)
        tell(Happening("budget.exceeded", "3"))
        tell(Happening("budget.exceeded", "3"))
        assert Delivery.objects.count() == 1


def test_one_that_takes_nothing_for_days_is_disabled_and_its_owners_told_once(bench, sink, endpoint):
    delivery = told(bench)
    other = None
    with bench.inside():
        tell(Happening("budget.exceeded", "other"))
        other = Delivery.objects.exclude(pk=delivery.pk).get()
        WebhookEndpoint.objects.update(failing_since=datetime.now(UTC) - waits.PATIENCE)
    sink.answer(Answer(status=500))
    sent(bench, delivery)
    with bench.inside():
        found = WebhookEndpoint.objects.get()
        assert (found.is_enabled, found.disabled_reason) == (
            False,
            "Nexod disabled it: it has taken nothing for 3 days.",
        )
        assert set(Notification.objects.values_list("user__email", flat=True)) == {
            "owner@acme.test", "admin@acme.test", "editor@acme.test",
        }  # fmt: skip
        assert set(Delivery.objects.exclude(endpoint=None).values_list("status", flat=True)) == {"failed"}
    assert other.pk not in due_rows()
    with bench.inside("globex"):
        assert not Notification.objects.exists()
    with bench.inside():
        again = update_endpoint(actor=bench.user(), endpoint=found, is_enabled=True)
        assert (again.failing_since, again.disabled_reason) == (None, "")


def test_one_that_says_it_is_gone_is_disabled_at_once(bench, sink, endpoint):
    delivery = told(bench)
    sink.answer(Answer(status=410))
    sent(bench, delivery)
    with bench.inside():
        assert not WebhookEndpoint.objects.get().is_enabled


def test_one_success_forgets_the_failures(bench, sink, endpoint):
    delivery = told(bench)
    sink.answer(Answer(status=500))
    sent(bench, delivery)
    assert reread(bench, delivery).endpoint.failing_since
    make_due(bench, delivery)
    sent(bench, delivery)
    assert reread(bench, delivery).endpoint.failing_since is None


def test_redelivered_by_hand_it_is_the_same_message_with_all_its_tries_again(bench, sink, endpoint):
    delivery = told(bench)
    sent(bench, delivery)
    with bench.inside():
        again = redeliver(actor=bench.user(), delivery=delivery)
        assert (again.status, again.attempts) == ("pending", 0)
        send_delivery(delivery_id=delivery.pk)
        assert [seen.headers["webhook-id"] for seen in sink.requests] == [f"msg_{delivery.pk}"] * 2
        update_endpoint(actor=bench.user(), endpoint=endpoint, is_enabled=False)
        with pytest.raises(EndpointDisabled):
            redeliver(actor=bench.user(), delivery=delivery)


def test_a_ping_is_sent_once_also_to_a_disabled_endpoint(bench, sink, endpoint):
    with bench.inside():
        update_endpoint(actor=bench.user(), endpoint=endpoint, is_enabled=False)
        delivery = ping(actor=bench.user(), endpoint=endpoint)
        sink.answer(Answer(status=500))
        send_delivery(delivery_id=delivery.pk)
    assert sink.requests[0].json["type"] == "webhook.ping"
    row = reread(bench, delivery)
    assert (row.status, row.endpoint.failing_since) == ("failed", None)


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_not_edit_connects_and_sends_nothing(bench, sink, endpoint, role):
    delivery = told(bench)
    person = bench.user(role)
    with bench.inside():
        for refused in (
            lambda: create_endpoint(actor=person, name="E", url=sink.url(), events=["budget.exceeded"]),
            lambda: update_endpoint(actor=person, endpoint=endpoint, name="X"),
            lambda: endpoints.delete_endpoint(actor=person, endpoint=endpoint),
            lambda: rotate_endpoint_secret(actor=person, endpoint=endpoint),
            lambda: ping(actor=person, endpoint=endpoint),
            lambda: redeliver(actor=person, delivery=delivery),
        ):
            with pytest.raises(PermissionDenied):
                refused()
    assert sink.count() == 0


def test_a_deleted_endpoint_is_sent_nothing(bench, sink, endpoint):
    delivery = told(bench)
    with bench.inside():
        endpoints.delete_endpoint(actor=bench.user(), endpoint=endpoint)
    assert delivery.pk not in due_rows()
    assert sent(bench, delivery) is None
    assert sink.count() == 0


def test_a_circle_through_the_outside_ends(bench, sink):
    """A run is told to an address that is our own hook by way of others: what the header says makes it end."""
    workflow = bench.workflow(CHAIN)
    trigger, secret = made(bench, workflow, "webhook")
    with bench.inside():
        create_endpoint(actor=bench.user(), name="Round", url=sink.url("/round"), events=["run.completed"])
    run, outcomes = bench.start(CHAIN), []
    for number in range(MAX_DEPTH + 3):
        bench.advance(run)
        with bench.inside():
            spread_events(run_id=run)
            send_delivery(delivery_id=Delivery.objects.get(status="pending").pk)
        body, headers = signed(secret, id_=f"msg_{number}")
        outside = {**headers, HEADER: sink.requests[-1].headers[HEADER]}
        answer = Client(headers={"host": "acme.test"}).post(
            f"/hooks/{trigger.token}", body, content_type="application/json", headers=outside
        )
        outcomes.append(answer.json()["outcome"])
        with bench.inside():
            run = Firing.objects.get(pk=answer.json()["id"]).run_id
        if run is None:
            break
    assert outcomes == ["started"] * MAX_DEPTH + ["refused"]
