"""What arrives at a webhook trigger's address, over HTTP: signed, once, bounded, at its own tenant and nowhere else."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.test import Client
from django_redis import get_redis_connection

from tests.integration.test_tickets import suspended
from tests.triggers import made, signed
from tests.workbench import definition, output, text
from workflows.actions import arrivals, pruning
from workflows.actions.firings import MAX_DEPTH
from workflows.actions.triggers import rotate_secret, set_enabled
from workflows.models import Firing, Run, Trigger
from workflows.triggers.depth import HEADER, told

CHAIN = definition([text("a"), output()])


@pytest.fixture
def workflow(bench):
    return bench.workflow(CHAIN)


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"hook": 10**6, "refused": 10**6}


def sent(trigger, body, headers, *, host="acme.test", content_type="application/json"):
    client = Client(headers={"host": host})
    return client.post(f"/hooks/{trigger.token}", body, content_type=content_type, headers=headers)


def test_what_is_signed_starts_a_run_with_what_it_says_and_202(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook", inputs={"topic": {"from": "body.issue.title"}})
    body, headers = signed(secret, {"issue": {"title": "Tides"}})
    answer = sent(trigger, body, {**headers, "authorization": "Bearer s3cret", "cookie": "a=b"})
    assert (answer.status_code, answer.json()["outcome"]) == (202, "started")
    with bench.inside():
        firing = Firing.objects.get(pk=answer.json()["id"])
        assert firing.run.inputs == {"topic": "Tides"}
        assert bytes(firing.payload) == body
        assert firing.key == "msg_1"
        assert set(firing.event["headers"]) == {"content-type", "webhook-id", "webhook-timestamp"}
    with bench.inside("globex"):
        assert not Firing.objects.exists()


def test_what_came_can_be_read_as_it_came_by_its_tenant_alone(bench, workflow, visit):
    trigger, secret = made(bench, workflow, "webhook")
    body, headers = signed(secret, b'{"raw":  "<b>\xc3\xa4</b>"}')
    id_ = sent(trigger, body, headers).json()["id"]
    addresses = f"/api/v1/firings/{id_}", f"/admin/workflows/firing/{id_}/change/"
    read, page = (visit("acme", "editor").get(address) for address in addresses)
    assert (read.json()["payload"], read.json()["payload_bytes"]) == (body.decode(), len(body))
    assert "&lt;b&gt;ä&lt;/b&gt;" in page.content.decode()
    assert [visit("globex", "owner").get(address).status_code for address in addresses] == [404, 404]


def test_the_address_of_another_tenant_is_nothing(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    body, headers = signed(secret)
    for host in ("globex.test", "localhost", "nobody.test"):
        assert sent(trigger, body, headers, host=host).status_code == 404
    with bench.inside():
        assert not Firing.objects.exists()


def test_a_suspended_tenants_address_takes_nothing(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    with suspended(bench, "acme"):
        assert sent(trigger, *signed(secret)).status_code == 403
    assert sent(trigger, *signed(secret)).status_code == 202
    with bench.inside():
        assert Firing.objects.count() == 1


@pytest.mark.parametrize("token", ["nobody", "x" * 5000, "%00", "..%2f..", "é"])
def test_an_unknown_address_is_404(bench, workflow, token):
    assert (
        Client(headers={"host": "acme.test"}).post(f"/hooks/{token}", b"{}", content_type="text/plain").status_code
        == 404
    )


def test_what_is_not_signed_is_401_and_leaves_nothing(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    body, headers = signed(secret, {"a": 1})
    for wrong_body, wrong in (
        (body, {}),
        (b'{"a": 2}', headers),
        (body, signed(secret, {"a": 1}, at=time.time() - 400)[1]),
    ):
        answer = sent(trigger, wrong_body, wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signature_refused")
    with bench.inside():
        assert not Firing.objects.exists()
        assert not Run.objects.exists()


def test_the_same_event_starts_one_run_and_is_told_apart(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    outcomes = [sent(trigger, *signed(secret)).json()["outcome"] for _ in range(3)]
    assert outcomes == ["started", "deduplicated", "deduplicated"]
    with bench.inside():
        assert Run.objects.count() == 1
        assert [firing.payload for firing in Firing.objects.filter(outcome="deduplicated")] == [None, None]


def test_a_secret_is_rotated_with_an_overlap_and_kept_encrypted(bench, workflow):
    trigger, old = made(bench, workflow, "webhook")
    with bench.inside():
        new = rotate_secret(actor=bench.user(), trigger=trigger, overlap_h=1)
        stored = json.dumps(Trigger.objects.get().encrypted_secrets)
    assert old not in stored
    assert new not in stored
    for number, secret in enumerate((old, new)):
        assert sent(trigger, *signed(secret, id_=f"msg_{number}")).status_code == 202
    with bench.inside():
        newest = rotate_secret(actor=bench.user(), trigger=trigger, overlap_h=0)
    for secret, status in ((new, 401), (newest, 202)):
        assert sent(trigger, *signed(secret, id_=f"msg_{status}")).status_code == status


def test_a_secret_of_one_tenant_cannot_be_read_in_another(bench, workflow):
    trigger, _ = made(bench, workflow, "webhook")
    theirs, secret = made(bench, bench.workflow(CHAIN, slug="globex"), "webhook", slug="globex")
    with bench.inside("globex"):
        stolen = Trigger.objects.get(pk=theirs.pk).encrypted_secrets
    with bench.inside():
        Trigger.objects.filter(pk=trigger.pk).update(encrypted_secrets=stolen)
    assert sent(trigger, *signed(secret)).status_code == 503


def test_ten_megabytes_are_refused_before_they_are_kept(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    for size in (arrivals.MAX_PAYLOAD_BYTES + 1, 10_000_000):
        body, headers = signed(secret, b"x" * size)
        answer = sent(trigger, body, headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    with bench.inside():
        assert not Firing.objects.exists()


def test_the_largest_payload_is_kept_as_it_came(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    body, headers = signed(secret, b"\x00\xff" * (arrivals.MAX_PAYLOAD_BYTES // 2))
    assert sent(trigger, body, headers).status_code == 202
    with bench.inside():
        assert bytes(Firing.objects.get().payload) == body


def test_a_burst_is_bounded_by_429_and_harms_nobody_else(bench, workflow, settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"hook": 20, "refused": 10**6}
    trigger, secret = made(bench, workflow, "webhook")
    other, others_secret = made(bench, workflow, "webhook")
    answers = [sent(trigger, *signed(secret, id_=f"msg_{number}")) for number in range(30)]
    assert [answer.status_code for answer in answers].count(429) >= 9
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert sent(other, *signed(others_secret)).status_code == 202
    with bench.inside():
        assert Run.objects.filter(firings__trigger=trigger).count() == [a.status_code for a in answers].count(202) <= 21


def test_all_hooks_of_a_tenant_together_are_bounded_by_what_is_signed(bench, workflow, settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"hook": 10**6, "hooks": 6, "refused": 10**6}
    counted = get_redis_connection("default")
    for key in counted.keys("nexod:rate:*:hooks:*"):
        counted.delete(key)
    hooks = [made(bench, workflow, "webhook") for _ in range(4)]
    theirs, their_secret = made(bench, bench.workflow(CHAIN, slug="globex"), "webhook", slug="globex")
    for number in range(20):
        assert sent(hooks[0][0], *signed("whsec_" + "A" * 32, id_=f"msg_{number}")).status_code == 401
    answers = [sent(trigger, *signed(secret, id_=f"msg_{n}")) for n in range(3) for trigger, secret in hooks]
    codes = [answer.status_code for answer in answers]
    assert (codes[:3], codes[-1]) == ([202] * 3, 429)
    assert int(answers[-1].headers["Retry-After"]) >= 1
    with bench.inside():
        assert Firing.objects.count() == codes.count(202) <= 7
    assert sent(theirs, *signed(their_secret), host="globex.test").status_code == 202


@pytest.mark.parametrize(("depth", "outcome"), [(0, "started"), (MAX_DEPTH, "started"), (MAX_DEPTH + 1, "refused")])
def test_what_our_own_webhooks_say_of_their_depth_is_kept_and_bounded(bench, workflow, depth, outcome):
    """Signed anywhere on the platform: a circle may go through two tenants."""
    trigger, secret = made(bench, workflow, "webhook")
    with bench.inside("globex"):
        header = told(depth)
    body, headers = signed(secret)
    answer = sent(trigger, body, {**headers, **header})
    assert (answer.status_code, answer.json()["outcome"]) == (202, outcome)
    with bench.inside():
        assert Firing.objects.get().depth == depth


@pytest.mark.parametrize("header", ["", "9", "9.forged", "9." + "x" * 200, "\xff", "-1.abc"])
def test_a_depth_that_was_not_signed_here_is_none(bench, workflow, header):
    trigger, secret = made(bench, workflow, "webhook")
    body, headers = signed(secret)
    assert sent(trigger, body, {**headers, HEADER: header}).json()["outcome"] == "started"
    with bench.inside():
        assert Firing.objects.get().depth == 0


def test_guessing_addresses_ends_in_429(bench, workflow, settings):
    settings.NEXOD_REQUESTS_PER_MINUTE = {"hook": 10**6, "refused": 5}
    client = Client(headers={"host": "acme.test"}, REMOTE_ADDR="203.0.113.77")
    found = [client.post(f"/hooks/guess{n}", b"", content_type="text/plain").status_code for n in range(12)]
    assert found[:4] == [404] * 4
    assert found[-1] == 429


def test_a_paused_trigger_takes_the_event_and_starts_nothing(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    with bench.inside():
        set_enabled(actor=bench.user(), trigger=trigger, is_enabled=False)
    assert sent(trigger, *signed(secret)).json()["outcome"] == "skipped"
    with bench.inside():
        assert Firing.objects.get().reason["code"] == "paused"


def test_inputs_that_do_not_fit_are_a_firing_with_the_reason_not_an_error_for_the_sender(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook", inputs={"topic": {"from": "body.topic"}})
    for number, body in enumerate(({}, {"topic": 7}, [1], "text")):
        answer = sent(trigger, *signed(secret, body, id_=f"msg_{number}"))
        assert (answer.status_code, answer.json()["outcome"]) == (202, "refused")
    with bench.inside():
        assert {firing.reason["code"] for firing in Firing.objects.all()} == {"input_missing", "inputs_invalid"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"a": "\\u0000"}', b'"\\ud800"', b'{"a": NaN}', b"\xff\xfe", b"1e400"]
)
def test_a_body_that_is_no_json_of_ours_is_kept_and_harms_nothing(bench, workflow, body):
    trigger, secret = made(bench, workflow, "webhook")
    assert sent(trigger, *signed(secret, body)).status_code == 202
    with bench.inside():
        assert bytes(Firing.objects.get().payload) == body


def test_github_sends_as_it_does(bench, workflow):
    trigger, secret = made(
        bench, workflow, "webhook", config={"scheme": "github"}, inputs={"topic": {"from": "body.action"}}
    )
    body = b'{"action": "opened"}'
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}", "x-github-event": "issues", "x-github-delivery": "1"}
    assert sent(trigger, body, headers).json()["outcome"] == "started"
    assert sent(trigger, body, {**headers, "x-github-delivery": "2"}).json()["outcome"] == "deduplicated"
    with bench.inside():
        assert Run.objects.get().inputs == {"topic": "opened"}


def slack(secret, body):
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), b"v0:%s:%s" % (at.encode(), body), hashlib.sha256).hexdigest()
    return body, {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={digest}"}


def test_slack_is_answered_its_challenge_and_its_forms_are_read(bench, workflow):
    secret = "8f742231b10e8888abcd99yyyzzz85a5"
    config = {"scheme": "slack"}
    trigger, _ = made(bench, workflow, "webhook", config=config, secret=secret, inputs={"topic": {"from": "body.text"}})
    asked = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    assert sent(trigger, *slack(secret, asked)).json() == {"challenge": "3eZbrw1a"}
    assert sent(trigger, asked, {}).status_code == 401
    form = urlencode({"text": "Tides & co", "token": "x"}).encode()
    assert sent(trigger, *slack(secret, form), content_type="application/x-www-form-urlencoded").status_code == 202
    with bench.inside():
        assert Run.objects.get().inputs == {"topic": "Tides & co"}


@pytest.fixture
def few(monkeypatch):
    """Keep little of the past, and look at it each time."""
    for name, number in (("KEPT", 5), ("KEPT_PAYLOADS", 2), ("KEPT_REPEATS", 3), ("EVERY_S", 0)):
        monkeypatch.setattr(pruning, name, number)


def let_pass(bench, seconds):
    with bench.inside():
        Firing.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))


def test_what_was_received_is_forgotten_when_newer_ones_came(bench, workflow, few):
    trigger, secret = made(bench, workflow, "webhook")
    for number in range(9):
        let_pass(bench, 601)
        sent(trigger, *signed(secret, id_=f"msg_{number}"))
    with bench.inside():
        assert 5 <= Firing.objects.count() <= 6
        assert 2 <= Firing.objects.exclude(payload=None).count() <= 3
        assert Run.objects.count() == 9


def test_what_could_be_replayed_is_known_however_many_newer_ones_came(bench, workflow, few):
    """Its signature holds for as long as the window is wide, on both sides of now."""
    trigger, secret = made(bench, workflow, "webhook", config={"tolerance_s": 60})
    body, headers = signed(secret, id_="msg_first", at=time.time() + 50)
    assert sent(trigger, body, headers).json()["outcome"] == "started"
    for number in range(9):
        sent(trigger, *signed(secret, id_=f"msg_{number}"))
    let_pass(bench, 100)
    sent(trigger, *signed(secret, id_="msg_last"))
    assert sent(trigger, body, headers).json()["outcome"] == "deduplicated"


def test_repeats_do_not_push_out_what_they_repeat(bench, workflow, few):
    """GitHub's signatures carry no time: whoever has one body may send it for ever, and starts nothing by that."""
    trigger, secret = made(bench, workflow, "webhook", config={"scheme": "github"})

    def comes(action):
        let_pass(bench, 601)
        body = json.dumps({"action": action}).encode()
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return sent(trigger, body, {"x-hub-signature-256": f"sha256={digest}"}).json()["outcome"]

    assert [comes(action) for action in ("opened", *["opened"] * 8, "closed")] == [
        "started", *["deduplicated"] * 8, "started",
    ]  # fmt: skip
    assert comes("opened") == "deduplicated"
    with bench.inside():
        assert Run.objects.count() == 2
        assert 3 <= Firing.objects.filter(outcome="deduplicated").count() <= 4
    with bench.inside("globex"):
        assert not Firing.objects.exists()


def test_the_same_event_that_comes_many_times_at_once_starts_one_run(bench, workflow):
    trigger, secret = made(bench, workflow, "webhook")
    body, headers = signed(secret)
    found, gate = [], threading.Barrier(6)

    def knock():
        gate.wait(60)
        found.append(sent(trigger, body, headers).json()["outcome"])

    threads = [threading.Thread(target=knock) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert sorted(found) == ["deduplicated"] * 5 + ["started"]
    with bench.inside():
        assert Run.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post_is_answered(bench, workflow, method):
    trigger, _ = made(bench, workflow, "webhook")
    assert getattr(Client(headers={"host": "acme.test"}), method)(f"/hooks/{trigger.token}").status_code == 405
