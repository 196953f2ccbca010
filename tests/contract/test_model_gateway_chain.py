"""Models that stand in for one another, the key before the present one, vectors, orders, and packages that are not there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from agents.llm import errors, tries
from agents.llm.endpoint import Endpoint
from agents.llm.gateway import Gateway
from agents.llm.providers import PROVIDERS
from agents.llm.stream import _model
from nexod.kernel.events import ModelFellBack
from nexod.kernel.run_port import BudgetExhausted
from tests.contract.providers import CASES, Case
from tests.model_server import Declined, Garbage, Hang, ModelServer, Reply, Status
from tests.model_server.figures import vector
from tests.model_server.port import Run

HELLO = [{"role": "user", "content": "Say hello"}]
OPENAI, ANTHROPIC = (next(case for case in CASES if case.name == name) for name in ("openai_compatible", "anthropic"))


@pytest.fixture(autouse=True)
def _quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)


@pytest.fixture
def first(model_server: ModelServer) -> Endpoint:
    return OPENAI.endpoint(model_server, model="first")


@pytest.fixture
def second(model_server: ModelServer) -> Endpoint:
    return ANTHROPIC.endpoint(model_server, model="second")


def of(model: str) -> Any:
    return lambda request: request.body.get("model") == model


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Status(429), "model_rate_limited"),
        (Status(429, retry_after=3600), "model_rate_limited"),
        (Status(500), "model_unavailable"),
        (Status(503), "model_unavailable"),
        (Hang(), "model_timeout"),
        (Declined(), "model_declined"),
        (Status(401), "model_refused"),
        (Status(404), "model_unknown"),
        (Garbage(), "model_answered_garbage"),
    ],
    ids=str,
)
def test_the_next_model_is_asked(
    model_server: ModelServer, first: Endpoint, second: Endpoint, run: Run, failure: Reply, code: str
) -> None:
    model_server.always(failure, when=of("first"))
    model_server.always("From the second", when=of("second"))
    first = replace(first, timeout_s=0.5) if isinstance(failure, Hang) else first
    reply = Gateway(first, [second]).chat(HELLO, agent="Writer")
    assert (reply.text, reply.model) == ("From the second", "second")
    [told] = [event for event in run.events if isinstance(event, ModelFellBack)]
    assert (told.model, told.to, told.agent, told.reason.code) == ("first", "second", "Writer", code)


@pytest.mark.parametrize("failure", [Status(400, "no such thing"), Status(400, "too many tokens")], ids=str)
def test_what_another_model_would_not_mend_is_an_error(
    model_server: ModelServer, first: Endpoint, second: Endpoint, failure: Reply
) -> None:
    model_server.always(failure)
    with pytest.raises((errors.ModelRejectedRequest, errors.PromptTooLong)):
        Gateway(first, [second]).chat(HELLO)
    assert len(model_server.requests) == 1


def test_the_last_models_error_is_the_chains(model_server: ModelServer, first: Endpoint, second: Endpoint) -> None:
    model_server.always(Status(503), when=of("first"))
    model_server.always(Status(401), when=of("second"))
    with pytest.raises(errors.ModelRefused, match="second"):
        Gateway(first, [second]).chat(HELLO)


@pytest.mark.parametrize("fall_back", [True, False])
def test_a_budget_may_send_to_a_cheaper_model(
    model_server: ModelServer, first: Endpoint, second: Endpoint, run: Run, fall_back: bool
) -> None:
    run.refuse = lambda estimate: BudgetExhausted(fall_back=fall_back) if estimate.model == "first" else None
    if not fall_back:
        with pytest.raises(BudgetExhausted):
            Gateway(first, [second]).chat(HELLO)
        assert model_server.requests == []
        return
    assert Gateway(first, [second]).chat(HELLO).model == "second"
    assert [request.body["model"] for request in model_server.requests] == ["second"]
    assert run.types() == ["model.fell_back", "model.called"]


def test_what_a_model_of_the_chain_answered_is_recalled_without_asking_any(
    model_server: ModelServer, first: Endpoint, second: Endpoint, run: Run
) -> None:
    model_server.always(Status(503), when=of("first"))
    before = Gateway(first, [second]).chat(HELLO)
    asked, told = len(model_server.requests), len(run.events)
    run.again()
    assert Gateway(first, [second]).chat(HELLO) == before
    assert (len(model_server.requests), len(run.events)) == (asked, told)


@pytest.mark.parametrize("case", [OPENAI, ANTHROPIC], ids=str)
def test_the_former_key_is_tried_where_the_new_one_is_refused(model_server: ModelServer, case: Case, run: Run) -> None:
    endpoint = case.endpoint(model_server, former_key="former")
    model_server.accept("former")
    assert Gateway(endpoint).chat(HELLO).text
    assert run.types() == ["model.failed", "model.called"]
    model_server.accept("neither")
    with pytest.raises(errors.ModelRefused):
        Gateway(endpoint).chat(HELLO)


@pytest.mark.parametrize("name", ["openai_compatible", "openai", "vllm", "azure", "mistral", "google", "ollama"])
def test_texts_become_vectors_in_their_order_in_batches(model_server: ModelServer, name: str, run: Run) -> None:
    endpoint = next(case for case in CASES if case.name == name).endpoint(model_server)
    texts = [f"text number {n}" for n in range(70)]
    assert Gateway(endpoint).embed(texts) == [vector(text) for text in texts]
    assert [len(request.body["input"]) for request in model_server.requests] == [64, 6]
    assert sum(usage.tokens_in for usage in run.spent) == 210
    assert {usage.tokens_out for usage in run.spent} == {0}


def test_documents_are_put_in_order(model_server: ModelServer, run: Run) -> None:
    endpoint = OPENAI.endpoint(model_server)
    documents = ["nothing of it", "the red fox jumps", "a red house"]
    order = Gateway(endpoint).rerank("red fox", documents)
    assert order == [(1, 1.0), (2, 0.5), (0, 0.0)]
    assert Gateway(endpoint).rerank("red fox", documents, top=1) == [(1, 1.0)]
    assert Gateway(endpoint).rerank("red fox", []) == []
    assert len(run.spent) == len(model_server.requests) == 2


def test_vectors_are_tried_again_and_fail_as_chats_do(model_server: ModelServer, run: Run) -> None:
    endpoint = OPENAI.endpoint(model_server)
    model_server.answer(Status(503))
    assert len(Gateway(endpoint).embed(["a"])) == 1
    model_server.always(Status(401))
    with pytest.raises(errors.ModelRefused, match="Test model"):
        Gateway(endpoint).embed(["a"])
    with pytest.raises(errors.ModelCannot, match="Anthropic has no embeddings"):
        Gateway(ANTHROPIC.endpoint(model_server)).embed(["a"])
    with pytest.raises(errors.ModelCannot, match="no rerank"):
        Gateway(ANTHROPIC.endpoint(model_server)).rerank("a", ["b"])


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in ("vllm", "embedded", "openai")], ids=str)
def test_a_package_that_is_not_there_is_named(
    model_server: ModelServer, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    from langchain.chat_models import base

    package = PROVIDERS[case.name].package
    for cached in (base._get_chat_model_creator, base._import_module, _model):
        getattr(cached, "cache_clear", lambda: None)()
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    try:
        with pytest.raises(errors.ProviderNotInstalled, match=f"pip install {package.replace('_', '-')}"):
            Gateway(case.endpoint(model_server)).chat(HELLO)
    finally:
        for cached in (base._get_chat_model_creator, base._import_module, _model):
            getattr(cached, "cache_clear", lambda: None)()


def test_importing_the_gateway_imports_no_package() -> None:
    """The web process shows providers and tests connections; it must not carry their packages."""
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'nexod.settings';"
        "os.environ.setdefault('NEXOD_ENV', 'test'); django.setup();"
        "import agents.llm.gateway, agents.llm.trial, agents.llm.failures, agents.api.urls;"
        "heavy = {'langchain', 'langchain_core', 'openai', 'anthropic', 'boto3', 'google.genai', 'ollama', 'httpx2'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.strip() == "[]"
