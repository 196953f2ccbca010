"""The probes answer on any host, in no tenant, and say what is missing without giving anything away."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator

import pytest
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from django_redis import get_redis_connection

from nexod.celery import app  # noqa: F401 - the prefix of the queues is in its configuration
from nexod.kernel import events
from nexod.observability import readiness, work

NOWHERE = "redis://:hunter2@127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    readiness.forget()
    yield
    readiness.forget()


@pytest.mark.parametrize("host", ["10.1.2.3", "evil.example", "acme.test", "bad_host!", ""])
def test_health_answers_on_any_host(host):
    response = Client(headers={"host": host}).get("/health")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response["X-Request-ID"]


def test_health_touches_no_database():
    assert Client().get("/health").status_code == 200  # pytest-django blocks the database in this test


async def test_the_probes_answer_in_an_asynchronous_stack(acme):
    client = AsyncClient(headers={"host": "10.1.2.3"})
    assert (await client.get("/health")).status_code == 200
    assert (await client.get("/ready")).json()["status"] == "ok"


def test_other_paths_still_need_a_known_host(db):
    assert Client(headers={"host": "evil.example"}).get("/api/v1/runs").status_code in (400, 404)


def test_ready_says_how_long_each_answer_took(acme):
    response = Client(headers={"host": "10.1.2.3"}).get("/ready")
    assert response.status_code == 200
    report = response.json()
    assert report["failed"] == []
    assert set(report["checks"]) == {"database", "migrations", "cache", "broker"}
    assert all(check["ok"] and check["ms"] >= 0 for check in report["checks"].values())


def test_ready_names_what_is_away_and_tells_no_address(acme):
    with override_settings(REDIS_URL=NOWHERE, CELERY_BROKER_URL=NOWHERE):
        response = Client().get("/ready")
    assert response.status_code == 503
    report = response.json()
    assert report["failed"] == ["cache", "broker"]
    assert report["checks"]["database"]["ok"]
    assert "hunter2" not in response.content.decode()
    assert "127.0.0.1" not in response.content.decode()


def test_ready_names_a_database_that_refuses(acme, monkeypatch):
    monkeypatch.setattr(readiness, "_place", lambda: (_ for _ in ()).throw(OSError("password=hunter2")))
    response = Client().get("/ready")
    assert response.status_code == 503
    assert "database" in response.json()["failed"]
    assert "hunter2" not in response.content.decode()


def test_ready_names_missing_migrations(acme, monkeypatch):
    known = readiness._known_migrations()
    monkeypatch.setattr(readiness, "_known_migrations", lambda: known | {("workflows", "9999_tomorrow")})
    report = Client().get("/ready").json()
    assert report["failed"] == ["migrations"]
    assert report["checks"]["migrations"]["reason"] == "1 migrations are not applied"


def test_a_check_that_hangs_is_given_up(acme, monkeypatch):
    monkeypatch.setattr(readiness, "TIMEOUT_S", 0.2)
    release = threading.Event()
    monkeypatch.setitem(readiness.CHECKS, "cache", lambda: release.wait(60) and None)
    report = Client().get("/ready").json()
    release.set()
    assert report["checks"]["cache"]["reason"] == "no answer"


def test_two_questions_within_a_second_are_one(acme, monkeypatch):
    asked: list[int] = []
    monkeypatch.setitem(readiness.CHECKS, "cache", lambda: asked.append(1))
    for _ in range(5):
        Client().get("/ready")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.0.0.9", {}, 200),
        ("8.8.8.8", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "8.8.8.8"}, 403),
        ("not an address", {}, 403),
    ],
)
def test_without_a_token_only_near_peers_read_the_metrics(acme, address, headers, status):
    response = Client(headers=headers).get("/metrics", REMOTE_ADDR=address)
    assert response.status_code == status


@pytest.mark.parametrize(("given", "status"), [("Bearer s3cret", 200), ("Bearer wrong", 403), ("", 403), ("ü", 403)])
def test_with_a_token_only_who_has_it_reads_the_metrics(acme, given, status):
    with override_settings(NEXOD_METRICS_TOKEN="s3cret"):
        response = Client().get("/metrics", headers={"authorization": given})
    assert response.status_code == status


def test_the_metrics_show_requests_and_work_without_names(acme, globex):
    Client(headers={"host": "acme.test"}).get("/nothing")
    work.observe(events.RunCompleted(), tenant=acme.pk)
    work.observe(events.RunFailed(reason=events.Reason(code="x", message="acme's secret")), tenant=globex.pk)
    work.flush()
    get_redis_connection("default").lpush("nexod.celery.runs", "a", "b")
    text = Client().get("/metrics").content.decode()
    assert "nexod_work_readable 1.0" in text
    assert f'nexod_runs_total{{status="completed",tenant="{acme.pk}"}}' in text
    assert f'nexod_runs_total{{status="failed",tenant="{globex.pk}"}}' in text
    assert 'nexod_queue_messages{queue="runs"} 2.0' in text
    assert "nexod_http_requests_total" in text
    assert "acme" not in text
    assert "globex" not in text


def test_counts_of_several_processes_add_up(acme):
    def total() -> float:
        (family,) = [found for found in work.WorkCollector().collect() if found.name == "nexod_tasks"]
        return sum(sample.value for sample in family.samples if sample.labels["task"] == "t.add_up")

    if os.fork() == 0:  # another process, as a Celery worker is
        work.count("nexod_tasks", 2, "t.add_up", "success")
        work.flush()
        os._exit(0)
    os.wait()
    work.count("nexod_tasks", 1, "t.add_up", "success")
    work.flush()
    assert total() == 3


def test_metrics_say_when_the_work_cannot_be_read(acme, settings):
    caches = json.loads(json.dumps(settings.CACHES))
    caches["default"]["LOCATION"] = NOWHERE
    with override_settings(CACHES=caches):
        text = Client().get("/metrics").content.decode()
    assert "nexod_work_readable 0.0" in text
    assert "nexod_runs_total" not in text
