"""The limits and the breaker of a connection hold for all workers together, per tenant, and outlive no worker."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.llm import limits, tries
from agents.llm.endpoint import Ask, Endpoint, Limits
from agents.llm.errors import ModelBusy, ModelRefused, ModelResting, ModelUnavailable
from agents.llm.gateway import Gateway
from agents.llm.limits import slot
from tenants.context import enter_tenant
from tests.model_server import ModelServer, Status, Text
from tests.model_server.fixtures import model_server, run
from tests.model_server.port import Run
from tests.workbench import forget_models

__all__ = ["model_server", "run"]
pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
HELLO = [{"role": "user", "content": "Say hello"}]
ASK = Ask(({"role": "user", "content": "Say hello"},))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.01)
    forget_models()


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, "k", "scripted", timeout_s=30, label="Test model", connection="test")


def limited(endpoint: Endpoint, **bounds: int) -> Endpoint:
    return replace(endpoint, limits=Limits(**bounds))


def test_no_more_calls_at_once_than_allowed(acme: Any, model_server: ModelServer, endpoint: Endpoint) -> None:
    came: list[float] = []
    model_server.always(Text("Hi", wait_s=0.3), when=lambda request: not came.append(time.monotonic()))
    two = limited(endpoint, concurrent=2)

    def call() -> None:
        with enter_tenant(acme):
            Gateway(two).chat(HELLO)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(came) == len(model_server.requests) == 6
    assert all(third - first >= 0.3 for first, third in zip(came, came[2:], strict=False))  # one had to leave before


def test_a_slot_of_a_killed_worker_comes_free(acme: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEASE_S", 0.3)
    one = limited(endpoint, concurrent=1)
    with enter_tenant(acme):
        limits.Slot(one).enter(one, 0, patience_s=1)  # Nobody leaves it.
        with pytest.raises(ModelBusy), slot(one, ASK, patience_s=0.1):
            pass
        with slot(one, ASK, patience_s=1):
            pass


def test_a_slot_is_kept_while_its_call_takes_its_time(
    acme: Any, model_server: ModelServer, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LEASE_S", 1.0)
    one = limited(endpoint, concurrent=1)
    model_server.always(Text("Hi", wait_s=5.0))

    def call() -> None:
        with enter_tenant(acme):
            Gateway(one).chat(HELLO)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(1.5)
    with enter_tenant(acme), pytest.raises(ModelBusy), slot(one, ASK, patience_s=0.1):
        pass
    thread.join(60)


def test_requests_a_minute_are_counted(acme: Any, endpoint: Endpoint, model_server: ModelServer) -> None:
    with enter_tenant(acme):
        for _ in range(3):
            with slot(limited(endpoint, requests_per_minute=3), ASK, patience_s=0):
                pass
        with pytest.raises(ModelBusy) as caught, slot(limited(endpoint, requests_per_minute=3), ASK, patience_s=0):
            pass
    assert caught.value.details["limit"] == "requests"


def test_tokens_a_minute_are_those_that_were_used(acme: Any, endpoint: Endpoint, model_server: ModelServer) -> None:
    """What was taken in advance for an answer is given back as far as it was not needed."""
    few = limited(endpoint, tokens_per_minute=600)
    model_server.always("One two three")
    with enter_tenant(acme):
        for _ in range(4):
            Gateway(few).chat(HELLO)  # 5 tokens each, some 510 foreseen
        model_server.always(Text("word " * 300))
        model_server.clear()
        model_server.always(Text("word " * 300))
        Gateway(few).chat(HELLO)
        with pytest.raises(ModelBusy, match="Test model"):
            Gateway(replace(few, timeout_s=0.5)).chat(HELLO)


def test_limits_of_a_tenant_are_its_own(acme: Any, globex: Any, endpoint: Endpoint) -> None:
    one = limited(endpoint, concurrent=1)
    with enter_tenant(acme):
        limits.Slot(one).enter(one, 0, patience_s=0)
    with enter_tenant(globex), slot(one, ASK, patience_s=0):
        pass
    with enter_tenant(acme), pytest.raises(ModelBusy), slot(one, ASK, patience_s=0):
        pass


def test_what_fails_again_and_again_is_left_alone(
    acme: Any, globex: Any, model_server: ModelServer, endpoint: Endpoint, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REST_S", 0.4)
    model_server.always(Status(503))
    with enter_tenant(acme):
        for _ in range(2):
            with pytest.raises((ModelUnavailable, ModelResting)):
                Gateway(endpoint).chat(HELLO)
        assert len(model_server.requests) == limits.FAILURES
        with pytest.raises(ModelResting, match="Test model"):
            Gateway(endpoint).chat(HELLO)
        assert len(model_server.requests) == limits.FAILURES
    model_server.clear()
    with enter_tenant(globex):
        assert Gateway(endpoint).chat(HELLO).text  # The other tenant's connection of this name is not his.
    time.sleep(0.5)
    with enter_tenant(acme):
        assert Gateway(endpoint).chat(HELLO).text
        assert Gateway(endpoint).chat(HELLO).text


def test_calls_that_fail_at_the_same_time_are_so_many_failures(acme: Any, endpoint: Endpoint) -> None:
    with enter_tenant(acme):
        together = [limits.Slot(endpoint) for _ in range(limits.FAILURES)]
        for one in together:
            one.enter(endpoint, 0, patience_s=0)
        for one in together:
            one.leave(failed=True)
        with pytest.raises(ModelResting):
            limits.Slot(endpoint).enter(endpoint, 0, patience_s=0)


OTHER_WORKER = """
import sys
import django
django.setup()
from agents.llm import limits
from agents.llm.endpoint import Endpoint, Limits
from nexod.kernel import scope
with scope.bound(scope.tenant, sys.argv[1]):
    for name, bounds in (("slots", {"concurrent": 1}), ("requests", {"requests_per_minute": 1})):
        endpoint = Endpoint("http://x", "k", "m", connection=name, limits=Limits(**bounds))
        limits.Slot(endpoint).enter(endpoint, 0, patience_s=0)
    endpoint = Endpoint("http://x", "k", "m", connection="down")
    for _ in range(limits.FAILURES):
        one = limits.Slot(endpoint)
        one.enter(endpoint, 0, patience_s=0)
        one.leave(failed=True)
"""


def test_what_another_worker_has_used_and_found_counts_here(acme: Any, globex: Any, endpoint: Endpoint) -> None:
    """A process of its own: nothing of it is kept in this one."""
    command = [sys.executable, "-c", OTHER_WORKER, acme.schema_name]
    subprocess.run(command, cwd=ROOT, check=True, timeout=240)
    here = [
        (replace(endpoint, connection="slots", limits=Limits(concurrent=1)), ModelBusy),
        (replace(endpoint, connection="requests", limits=Limits(requests_per_minute=1)), ModelBusy),
        (replace(endpoint, connection="down"), ModelResting),
    ]
    for there, refusal in here:
        with enter_tenant(acme), pytest.raises(refusal):
            limits.Slot(there).enter(there, 0, patience_s=0)
        with enter_tenant(globex):
            limits.Slot(there).enter(there, 0, patience_s=0)


def test_a_refusal_is_no_sign_of_being_down(acme: Any, model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(Status(401))
    with enter_tenant(acme):
        for _ in range(limits.FAILURES + 2):
            with pytest.raises(ModelRefused):
                Gateway(endpoint).chat(HELLO)


def test_without_valkey_everybody_is_let_through(
    acme: Any, endpoint: Endpoint, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis import Redis

    away = Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr(limits, "valkey", lambda: away)
    limits._script.cache_clear()
    try:
        with enter_tenant(acme):
            assert Gateway(limited(endpoint, concurrent=1, requests_per_minute=1)).chat(HELLO).text
            assert Gateway(limited(endpoint, concurrent=1, requests_per_minute=1)).chat(HELLO).text
    finally:
        limits._script.cache_clear()


def test_a_busy_connection_falls_back_soon(acme: Any, model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    one = limited(endpoint, concurrent=1)
    with enter_tenant(acme):
        limits.Slot(one).enter(one, 0, patience_s=0)
        other = replace(endpoint, model="other", connection="other", limits=Limits())
        assert Gateway(one, [other]).chat(HELLO).model == "other"
    assert run.types() == ["model.fell_back", "model.called"]
