"""Embeddings by providers: counted and held to budgets outside of runs, patient with a provider that is away, never in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.files.base import ContentFile
from django.utils import timezone
from django_redis import get_redis_connection

from agents.actions import space_work as work
from agents.actions.budgets import create_budget, update_budget
from agents.actions.connections import delete_connection
from agents.actions.documents import upload_document
from agents.actions.ingestion import ingest_document
from agents.actions.knowledge import create_knowledge_base, update_knowledge_base
from agents.actions.lanes import LANES
from agents.actions.rows import InUse
from agents.actions.spaces import build_space
from agents.knowledge import legs, spaces
from agents.knowledge.chunking import chunk
from agents.knowledge.explain import explained
from agents.knowledge.index import SpacesChanged, embedded, update
from agents.knowledge.parsing.outline import outlined
from agents.knowledge.readers import NOBODY, Reader
from agents.knowledge.retrieve import search
from agents.llm import waiting
from agents.models import (
    BudgetHold,
    BudgetWindow,
    ChunkVector,
    Document,
    ModelCall,
    ModelConnection,
    UsageDay,
    VectorSpace,
)
from agents.spending import used_by
from agents.tasks import look_for_room
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.actions.plans import save_plan, update_tenant
from tenants.context import enter_platform, enter_tenant
from tenants.messages import LANE
from tenants.models import DueTime, Plan, Tenant, UsageRecord
from tests.integration.test_kept_messages import swept_after
from tests.model_server import ModelServer, Status, figures
from tests.shelf import add
from workflows.tasks import reconsider_budget

MODEL = "emb/scripted"
AWAY = ("model_unavailable", "model_resting")
TOPICS = ("lions", "tea", "wings", "ships", "bread", "music")


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any, monkeypatch: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(figures, "vector", lambda text: [0.1 + text.lower().count(topic) for topic in TOPICS])
    _rested()


@pytest.fixture
def editor(in_acme: None, person: Any) -> Any:
    return person("acme", "editor")


@pytest.fixture
def connection(editor: Any, model_server: ModelServer) -> ModelConnection:
    return ModelConnection.objects.create(
        slug="emb",
        name="Embeddings",
        provider="openai_compatible",
        base_url=model_server.base_url,
        price_in_usd=2,
        timeout_s=20,
    )


@pytest.fixture
def base(editor: Any, connection: ModelConnection) -> Any:
    return create_knowledge_base(actor=editor, name="Docs", embedding_model=MODEL)


@pytest.fixture
def local(editor: Any, connection: ModelConnection) -> Any:
    """Return a knowledge base that the bundled model embeds so far."""
    base = create_knowledge_base(actor=editor, name="Docs")
    for number, topic in enumerate(TOPICS):
        add(base, f"Paper {number}", f"Paper {number} is about {topic}.")
    return base


def uploaded(base: Any, editor: Any, text: str = "Nightingales sing at night.", name: str = "birds.md") -> Document:
    document, _ = upload_document(
        actor=editor, knowledge_base=base, name=name, file=ContentFile(text.encode(), name=name)
    )
    return document


def read(document: Document) -> Document:
    ingest_document(document_id=document.pk)
    document.refresh_from_db()
    return document


def finish(space: VectorSpace) -> None:
    for _ in range(50):
        work.work_on(space=space.pk)
        if VectorSpace.objects.get(pk=space.pk).state == "serving":
            return
    raise AssertionError(VectorSpace.objects.get(pk=space.pk).error)


def best(base: Any, query: str) -> str:
    return search(base, query, reader=NOBODY, limit=1)[0].document_title


def asked(server: ModelServer) -> list[int]:
    """Return how many texts each request for vectors had."""
    return [len(one.body["input"]) for one in server.requests if one.path.endswith("/embeddings")]


def budget(person: Any, limit: int) -> Any:
    return create_budget(
        actor=person("acme", "owner"),
        name="Means",
        scope="tenant",
        unit="tokens",
        period="month",
        limit=limit,
        warn_at=0,
    )


def test_a_document_is_embedded_by_the_chosen_model_and_counted(base: Any, editor: Any, acme: Any) -> None:
    document = read(uploaded(base, editor))
    assert document.status == "ready", document.error
    [space] = base.spaces.all()
    assert (space.model, space.dimensions, ChunkVector.objects.filter(space=space).count()) == (
        MODEL,
        len(TOPICS),
        1,
    )
    probe, call = ModelCall.objects.order_by("created_at")
    assert (call.run, call.step, call.node, call.outcome) == (None, None, "", "answered")
    assert (call.connection, call.model, call.knowledge_base, call.user) == ("emb", "scripted", "docs", str(editor.pk))
    assert call.tokens_in > 0
    assert float(call.cost_usd) == pytest.approx(call.tokens_in * 2 / 1e6)
    [day] = UsageDay.objects.all()
    assert (day.knowledge_base, day.tokens_in, day.model_calls) == ("docs", probe.tokens_in + call.tokens_in, 2)
    today = timezone.now().date()
    assert [(row["key"], row["tokens_in"]) for row in used_by("knowledge_base", today, today)] == [
        ("docs", day.tokens_in)
    ]
    with enter_platform():
        told = UsageRecord.objects.get(tenant=acme, metric="model_calls", day=today)
        assert told.amount >= 2


def test_a_question_is_counted_for_who_asks(base: Any, editor: Any, person: Any) -> None:
    read(uploaded(base, editor))
    viewer = person("acme", "viewer")
    ModelCall.objects.all().delete()
    assert search(base, "nightingales", reader=Reader(viewer.pk))
    [call] = ModelCall.objects.all()
    assert (call.user, call.knowledge_base) == (str(viewer.pk), "docs")


def test_the_other_organisation_sees_nothing_of_it(base: Any, editor: Any, globex: Any) -> None:
    read(uploaded(base, editor))
    with enter_tenant(globex):
        assert not (ModelCall.objects.exists())
        assert not (UsageDay.objects.exists())
        assert not (ModelConnection.objects.filter(slug="emb").exists())
        with pytest.raises(InvalidInput) as refused:
            create_knowledge_base(actor=_owner(), name="Docs", embedding_model=MODEL)
    assert "no model connection 'emb'" in str(refused.value.details)


def _owner() -> Any:
    from tenants.accounts.models import User

    return User.objects.filter(groups__name="owner").first()


def test_many_texts_are_asked_for_in_batches_of_texts_and_of_tokens(
    base: Any, editor: Any, model_server: ModelServer
) -> None:
    words = " ".join(f"word{number}" for number in range(170))
    text = "\n\n".join(f"## Part {number}\n\n{words}." for number in range(150))
    document = read(uploaded(base, editor, text))
    assert document.status == "ready", document.error
    counts = asked(model_server)[1:]
    assert sum(counts) == document.chunks.count()
    assert max(counts) <= 64
    assert len(counts) > -(-sum(counts) // 64)  # tokens close a request before texts do


def test_what_is_too_much_at_once_is_asked_for_in_halves(base: Any, editor: Any, model_server: ModelServer) -> None:
    text = "\n\n".join(f"## Part {number}\n\nSomething about {TOPICS[number]}." for number in range(4))
    model_server.always(
        Status(400, "Too many inputs in request, split into more batches."), when=lambda one: len(one.body["input"]) > 2
    )
    document = read(uploaded(base, editor, text))
    assert document.status == "ready", document.error
    assert asked(model_server)[1:] == [4, 2, 2]


def test_of_a_text_that_is_too_long_for_the_model_the_beginning_counts(
    base: Any, editor: Any, model_server: ModelServer
) -> None:
    text = "Something that is said at length. " * 20
    model_server.always(
        Status(400, "maximum context length is 64 tokens"), when=lambda one: len(one.body["input"][0]) > 300
    )
    assert read(uploaded(base, editor, text)).status == "ready"


def test_a_provider_that_is_away_loses_no_document_however_long(
    base: Any, editor: Any, model_server: ModelServer
) -> None:
    read(uploaded(base, editor))
    others = [
        uploaded(base, editor, f"Text {number} about {topic}.", f"{topic}.md") for number, topic in enumerate(TOPICS)
    ]
    model_server.always(Status(503, "out of order"))
    for _ in range(8):  # more often than a document may fail for itself
        Document.objects.update(retry_at=None)
        read(others[0])
        assert (others[0].status, others[0].attempts) == ("pending", 0)
        assert others[0].error["code"] in AWAY
    waiting = Document.objects.filter(pk__in=[one.pk for one in others])
    assert not waiting.filter(retry_at=None).exists()  # none is read for nothing meanwhile
    model_server.clear()
    _rested()
    waiting.update(retry_at=None)
    assert {read(one).status for one in others} == {"ready"}


def _rested() -> None:
    from django_redis import get_redis_connection

    valkey = get_redis_connection("default")
    for key in valkey.scan_iter("nexod:model:*breaker*"):
        valkey.delete(key)


def test_it_waits_for_as_long_as_the_provider_says(base: Any, editor: Any, model_server: ModelServer) -> None:
    model_server.always(Status(429, "slow down", retry_after=600))
    document = read(uploaded(base, editor))
    assert (document.status, document.error["code"]) == ("pending", "model_rate_limited")
    assert timedelta(seconds=500) < document.retry_at - timezone.now() <= timedelta(seconds=600)


def test_a_key_that_is_refused_is_told_and_nothing_is_lost(base: Any, editor: Any, model_server: ModelServer) -> None:
    model_server.accept("another-key")
    document = read(uploaded(base, editor))
    assert (document.status, document.error["code"]) == ("failed", "model_refused")
    assert "key" in document.error["message"]


def test_a_budget_that_is_used_up_holds_ingestion_until_there_is_room(
    base: Any, editor: Any, person: Any, model_server: ModelServer
) -> None:
    first = read(uploaded(base, editor))
    assert first.status == "ready"
    means = budget(person, 1)
    requests = len(model_server.requests)
    document = read(uploaded(base, editor, "Something else.", "else.md"))
    assert (document.status, document.error["code"], document.attempts) == ("pending", "budget_exhausted", 0)
    assert len(model_server.requests) == requests
    means.limit = 100_000
    means.save()
    Document.objects.update(retry_at=None)
    assert read(document).status == "ready"
    [window] = BudgetWindow.objects.filter(budget=means)
    assert (float(window.used), BudgetHold.objects.count()) == (
        sum(call.tokens_in for call in ModelCall.objects.all()),
        0,
    )


def test_room_is_held_while_a_batch_is_asked_for(
    base: Any, editor: Any, person: Any, model_server: ModelServer
) -> None:
    """What another call holds counts, though neither is of a run."""
    from nexod.kernel.run_port import BudgetExhausted, Estimate
    from workflows.actions import outside

    budget(person, 1_000)
    port = outside.Outside("")
    estimate = Estimate("m", "emb", "", tokens_in=700, tokens_out=0, cost_usd=0)
    held = port.reserve(estimate)
    assert held is not None
    outside.PATIENCE_S, before = 0.0, outside.PATIENCE_S
    try:
        with pytest.raises(BudgetExhausted):
            port.reserve(estimate)
    finally:
        outside.PATIENCE_S = before
    port.release(held)
    assert port.reserve(estimate) is not None


def test_the_old_vectors_serve_until_the_providers_are_whole(
    local: Any, editor: Any, monkeypatch: Any, model_server: ModelServer
) -> None:
    monkeypatch.setattr(work, "BATCH", 2)
    monkeypatch.setattr(work, "TURN_S", 0)
    former = spaces.serving(local)
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    assert (space.dimensions, best(local, "lions")) == (0, "Paper 0")
    work.work_on(space=space.pk)
    space.refresh_from_db()
    assert (space.dimensions, space.done, space.total) == (len(TOPICS), 2, 6)
    assert (spaces.serving(local), best(local, "lions")) == (former, "Paper 0")
    finish(space)
    local.refresh_from_db()
    assert (spaces.serving(local), local.embedding_model) == (space, MODEL)
    assert asked(model_server) == [1, 2, 2, 2]
    assert best(local, "lions") == "Paper 0"
    assert {call.knowledge_base for call in ModelCall.objects.all()} == {"docs"}


def test_while_it_is_built_a_provider_that_is_away_keeps_no_new_document_back(
    local: Any, editor: Any, monkeypatch: Any, model_server: ModelServer
) -> None:
    monkeypatch.setattr(work, "BATCH", 4)
    monkeypatch.setattr(work, "TURN_S", 0)
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    work.work_on(space=space.pk)
    model_server.always(Status(503, "out of order"))
    document = read(uploaded(local, editor))
    assert (document.status, best(local, "nightingales")) == ("ready", "birds")
    work.work_on(space=space.pk)
    space.refresh_from_db()
    assert (space.state, space.error["code"] in AWAY) == ("building", True)
    assert best(local, "lions") == "Paper 0"
    model_server.clear()
    _rested()
    finish(space)
    assert ChunkVector.objects.filter(space=space).count() == local.chunks.count() == 7


def test_what_was_read_without_vectors_for_a_space_that_serves_by_now_is_read_again(
    local: Any, editor: Any, model_server: ModelServer
) -> None:
    document = add(local, "Late", "It is about lanterns.")
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    [piece] = chunk(outlined("It is about candles.", (), fallback_title="Late", media_type="text/plain"))
    vectors = embedded(local, [piece.context])
    assert vectors[space.pk] is None
    finish(space)
    with pytest.raises(SpacesChanged):
        update(document, {}, [piece], vectors)
    assert document.chunks.get().text == "It is about lanterns."


def test_what_came_after_the_builder_had_passed_is_come_to(local: Any, editor: Any, model_server: ModelServer) -> None:
    """The builder's end is seen by a document that is indexed between its last batch and its taking over."""
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    space.knowledge_base = local
    spaces.measure(space)
    space.save()
    assert work._built(space)
    VectorSpace.objects.filter(pk=space.pk).update(cursor=10**9, sending_until=None)
    space.cursor = 10**9
    model_server.always(Status(503, "out of order"))
    read(uploaded(local, editor))
    assert not work._took_over(space)
    model_server.clear()
    _rested()
    finish(space)
    assert ChunkVector.objects.filter(space=space).count() == 7


def test_vectors_of_another_size_are_refused_by_name(base: Any, editor: Any, monkeypatch: Any) -> None:
    read(uploaded(base, editor))
    monkeypatch.setattr(figures, "vector", lambda text: [1.0, 2.0, 3.0])
    document = read(uploaded(base, editor, "Something else.", "else.md"))
    assert (document.status, document.error["code"]) == ("failed", "embedding_unusable")
    assert "3 numbers" in document.error["message"]
    told = explained(base, "nightingales", reader=NOBODY)
    assert ("3 numbers" in told.amiss, told.results[0].passage.document_title) == (True, "birds")


@pytest.mark.parametrize(("dimensions", "half"), [(2_000, False), (3_072, True)])
def test_large_vectors_are_indexed_by_halves(
    local: Any, editor: Any, monkeypatch: Any, dimensions: int, half: bool
) -> None:
    monkeypatch.setattr(figures, "vector", lambda text: [float(len(text))] * dimensions)
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    finish(space)
    space.refresh_from_db()
    assert (space.dimensions, space.half) == (dimensions, half)


def test_vectors_that_no_index_could_hold_are_given_up(local: Any, editor: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(figures, "vector", lambda text: [float(len(text))] * 4_001)
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    work.work_on(space=space.pk)
    space.refresh_from_db()
    assert (space.state, space.error["code"]) == ("failed", "embedding_unusable")
    assert best(local, "lions") == "Paper 0"
    assert build_space(actor=editor, knowledge_base=local, half=True).state == "building"


def test_words_alone_answer_while_the_provider_is_away(base: Any, editor: Any, model_server: ModelServer) -> None:
    read(uploaded(base, editor))
    model_server.always(Status(503, "out of order"))
    told = explained(base, "nightingales", reader=NOBODY)
    assert [one.passage.document_title for one in told.results] == ["birds"]
    assert "out of order" in told.amiss


def test_answers_without_sense_are_no_vectors(base: Any, editor: Any, monkeypatch: Any) -> None:
    for wrong in ([0.0] * 4, [float("nan")] * 4):
        monkeypatch.setattr(figures, "vector", lambda text, wrong=wrong: wrong)
        document = read(uploaded(base, editor, f"Text {wrong}.", f"{len(str(wrong))}.md"))
        assert (document.status, document.error["code"]) == ("failed", "model_answered_garbage")


@pytest.mark.parametrize("model", ["nowhere/m", "emb/", "/m", "another-bundled-model", "claude/m"])
def test_what_is_no_model_here_is_refused_at_once(editor: Any, connection: Any, model: str) -> None:
    ModelConnection.objects.create(slug="claude", name="Claude", provider="anthropic")
    with pytest.raises(InvalidInput):
        create_knowledge_base(actor=editor, name="Docs", embedding_model=model)


def test_a_connection_is_not_deleted_before_the_first_document_either(base: Any, person: Any, connection: Any) -> None:
    with pytest.raises(InUse, match="Docs"):
        delete_connection(actor=person("acme", "owner"), connection=connection)


def test_a_connection_that_embeds_is_not_deleted_and_the_model_not_just_renamed(
    base: Any, editor: Any, person: Any, connection: Any
) -> None:
    read(uploaded(base, editor))
    with pytest.raises(InUse, match="Docs"):
        delete_connection(actor=person("acme", "owner"), connection=connection)
    with pytest.raises(InvalidInput):
        update_knowledge_base(actor=editor, knowledge_base=base, embedding_model="wordllama-256")


def test_a_search_waits_for_room_in_a_budget_no_longer_than_for_an_answer(
    base: Any, editor: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of the budget is held by a call at work: words alone answer, and the provider is not blamed."""
    from nexod.kernel.run_port import Estimate
    from workflows.actions.outside import PATIENCE_S, Outside

    read(uploaded(base, editor))
    budget(person, 1_000)
    assert Outside("").reserve(Estimate("m", "emb", "", tokens_in=980, tokens_out=0, cost_usd=0)) is not None
    assert legs.PATIENCE_S < PATIENCE_S
    monkeypatch.setattr(legs, "PATIENCE_S", 1.0)
    naps = list[float]()
    monkeypatch.setattr(waiting, "nap", lambda seconds, nap=waiting.nap: (naps.append(seconds), nap(seconds))[1])
    told = explained(base, "nightingales", reader=NOBODY)
    assert [why.passage.document_title for why in told.results] == ["birds"]
    assert "hold what is left of the budget" in told.amiss
    assert 0 < sum(naps) <= 1.0
    breaker = get_redis_connection("default").keys("nexod:model:*:breaker")
    assert breaker == []


def test_what_waits_for_a_budget_goes_on_as_soon_as_it_is_raised(
    base: Any, local: Any, editor: Any, person: Any, django_capture_on_commit_callbacks: Any
) -> None:
    """Not at the next look, a quarter of an hour later; what waits for something else keeps its time."""
    assert read(uploaded(base, editor)).status == "ready"
    means = budget(person, 1)
    met, beside = uploaded(base, editor, "Something else.", "else.md"), uploaded(base, editor, "One more.", "more.md")
    other = uploaded(local, editor, "Of another knowledge base.", "other.md")
    late = timezone.now() + timedelta(minutes=10)
    Document.objects.filter(pk=other.pk).update(retry_at=late, error={"code": "page_unavailable", "message": ""})
    assert read(met).error["code"] == "budget_exhausted"
    beside.refresh_from_db()
    assert (beside.status, beside.error) == ("pending", None)
    assert beside.retry_at > timezone.now() + timedelta(minutes=10)
    space = build_space(actor=editor, knowledge_base=local, model=MODEL)
    work.work_on(space=space.pk)
    space.refresh_from_db()
    assert space.error["code"] == "budget_exhausted"
    with django_capture_on_commit_callbacks() as callbacks:
        update_budget(actor=person("acme", "owner"), budget=means, limit=100_000)
    assert "workflows.reconsider_budget" in str([call.args for call in callbacks])
    assert (DueTime.Kind.BUDGET, str(means.pk)) in {one[:2] for one in swept_after(600)}  # were the message lost
    with django_capture_on_commit_callbacks() as callbacks:
        reconsider_budget.run(budget=str(means.pk))
    sent = str([call.args for call in callbacks])
    assert all(str(item) in sent for item in (*LANES, space.pk))
    for document in (met, beside):
        document.refresh_from_db()
        assert (document.retry_at, read(document).status) == (None, "ready")
    other.refresh_from_db()
    assert other.retry_at == late


def test_what_waits_for_the_plan_goes_on_as_soon_as_it_allows_more(
    base: Any, editor: Any, acme: Any, globex: Any, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    """Whether the plan is raised or another one given; nobody is woken by a plan that allows no more, or by another's."""
    sent = list[tuple[str, str]]()
    post = lambda name, headers, **_: sent.append((name, headers["nexod_tenant"]))  # noqa: E731
    monkeypatch.setattr(current_app, "send_task", post)
    theirs, wider = small_plan("narrow", 1, globex), small_plan("wider", 500)
    ours = small_plan("small", 1, acme)
    met = read(uploaded(base, editor))
    assert met.error["code"] == "budget_exhausted"
    assert met.retry_at > timezone.now() + timedelta(minutes=10)
    look = ("agents.look_for_room", acme.schema_name)
    with enter_platform():
        boss = User(is_superuser=True)
        for change, woken in (
            (lambda: save_plan(actor=boss, plan=ours, runs_per_day=9), []),
            (lambda: save_plan(actor=boss, plan=ours, tokens_per_month=300), [look]),
            (lambda: save_plan(actor=boss, plan=ours, tokens_per_month=200), []),
            (lambda: update_tenant(actor=boss, tenant=acme, name="Acme", plan=wider), [look]),
            (lambda: update_tenant(actor=boss, tenant=acme, name="Acme", plan=theirs), []),
            (lambda: update_tenant(actor=boss, tenant=acme, name="Acme", plan=wider), [look]),
        ):
            sent.clear()
            with django_capture_on_commit_callbacks(execute=True):
                change()
            assert sent == woken
    asked = (DueTime.Kind.ROOM, str(LANE), acme.schema_name)
    assert asked in swept_after(600)  # every message was lost
    look_for_room.apply(kwargs={"lane": str(LANE)}, headers={"nexod_tenant": acme.schema_name}, throw=True)
    assert asked not in swept_after(600)
    met.refresh_from_db()
    assert met.retry_at is None
    assert read(met).status == "ready"


def small_plan(slug: str, tokens: int, tenant: Any = None) -> Plan:
    with enter_platform():
        plan = Plan.objects.create(slug=slug, name=slug, tokens_per_month=tokens)
        if tenant:
            Tenant.objects.filter(pk=tenant.pk).update(plan=plan)
    return plan


def test_what_only_calls_at_work_leave_no_room_for_is_tried_again_soon(
    base: Any, editor: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nexod.kernel.run_port import Estimate
    from workflows.actions import outside

    monkeypatch.setattr(outside, "PATIENCE_S", 0.0)
    budget(person, 1_000)
    assert outside.Outside("").reserve(Estimate("m", "emb", "", tokens_in=999, tokens_out=0, cost_usd=0)) is not None
    met = read(uploaded(base, editor))
    assert (met.status, met.error["code"]) == ("pending", "budget_exhausted")
    assert met.retry_at < timezone.now() + timedelta(minutes=2)


def test_a_search_of_everything_waits_once_however_many_knowledge_bases_there_are(
    base: Any, connection: ModelConnection, editor: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nexod.kernel.run_port import Estimate
    from workflows.actions.outside import Outside
    from workflows.search.everything import search_everything

    others = [create_knowledge_base(actor=editor, name=f"Docs {n}", embedding_model=MODEL) for n in range(2)]
    for number, one in enumerate((base, *others)):
        read(uploaded(one, editor, f"Nightingales sing at night, says author {number}."))
    budget(person, 1_000)
    assert Outside("").reserve(Estimate("m", "emb", "", tokens_in=930, tokens_out=0, cost_usd=0)) is not None
    monkeypatch.setattr(legs, "PATIENCE_S", 1.0)
    naps = list[float]()
    monkeypatch.setattr(waiting, "nap", lambda seconds, nap=waiting.nap: (naps.append(seconds), nap(seconds))[1])
    found = search_everything(editor, "nightingales", kinds=("documents",))
    assert len(found.documents or ()) == 3
    assert 0 < sum(naps) <= 1.0
