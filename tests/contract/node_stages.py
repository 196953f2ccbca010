"""One small stage for each node type: what it needs, what it does outside, how it fails, takes long, waits and is wrong.

A promise that makes no sense for a type stands in ``without``, with the reason. A new type needs an entry in STAGES.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from tests.agents import make_agent, remember
from tests.integration.test_approval_times import later, swept
from tests.integration.test_waits import call_back
from tests.model_server import Hang, ModelServer, Status
from tests.sink import Answer, Sink
from tests.teams import make_crew
from tests.triggers import made
from tests.workbench import Bench, definition, node, output, text

Json = dict[str, Any]
SLOW_S = 20.0
RUNS, RETRY, CANCEL, TIMEOUT = PROMISES = ("runs", "retry", "cancel", "timeout")

BRANCHES = "It does nothing itself: what fails and takes long is in its branches, which have policies of their own."
BESIDE = "It stands beside the graph and never runs."
Without = Mapping[str, str]
# Minutes of work, near to as much as an expression and a template may ask for: the child that computes them never gets to
# its end, however fast it is, but is ended by its limit (SECONDS) or by who waits for it.
LONG_TEXT = "t" * 400_000
NINE = "[1, 2, 3, 4, 5, 6, 7, 8, 9]"
SEARCHES = " || ".join(["inputs.topic.matches('(t|d)*s')"] * 20)
HEAVY = f"{NINE}.all(a, {NINE}.all(b, {NINE}.all(c, {NINE}.all(d, {SEARCHES} || true))))"
HEAVY_TEXT = f"{{% for a in range(5000) %}}{{% set x = ('tides' * 200000){'|upper|lower' * 10} %}}{{% endfor %}}x"
BROKEN = "1 / (size(inputs.topic) - 5) > 0"
BROKEN_TEXT = "{{ 1 // (inputs.topic|length - 5) }}"


@dataclass(frozen=True, slots=True)
class Room:
    """What a stage is set up in: two organisations, a scripted model, a service outside."""

    bench: Bench
    model: ModelServer
    sink: Sink

    def rows(self, model: str, **wanted: Any) -> Any:
        """Return acme's rows of a model of the workflows; use them inside acme."""
        from workflows import models

        return getattr(models, model).objects.filter(**wanted)

    def count(self, model: str, **wanted: Any) -> int:
        with self.bench.inside():
            return int(self.rows(model, **wanted).count())


def nothing(room: Room, *more: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A node ``n`` of one type, in a small workflow. ``outside`` counts what it has done; ``once`` is how much is right."""

    config: Callable[[Room], Json]
    wrong: tuple[Json, str]
    """What is changed in the config, and the field of which that is told then."""
    ready: Callable[[Room], object] = nothing
    outside: Callable[[Room], int] = lambda room: 0
    once: int = 0
    calls: int = 0
    """How often it asks a model."""
    writes: bool = True
    """Whether the models that it asks write something: those that embed do not."""
    stumbles: Callable[[Room], None] | None = None
    """Lets it fail the next time, and not thereafter."""
    breaks: Json | None = None
    """What is changed in the config so that it fails in every run."""
    slow: Callable[[Room], None] | None = None
    """Lets it take long the next time."""
    heavy: Json | None = None
    """What is changed in the config so that it computes HEAVY or HEAVY_TEXT, with LONG_TEXT as the topic."""
    wakes: Callable[[Room, UUID], object] | None = None
    """Brings what it waits for."""
    lapses: Callable[[Room, UUID], object] | None = None
    """Lets the time pass that it may wait."""
    anew: bool = False
    """Whether it waits again after that, where its policy lets it try again."""
    routes: Sequence[str] = ()
    branches: Callable[[Room], list[Json]] = lambda room: []
    """Nodes that meet in it."""
    beside: Callable[[Room], list[Json]] = lambda room: []
    """Nodes that it needs, to which no edge leads."""
    without: Without = field(default_factory=dict)

    def keeps(self, promise: str) -> bool:
        """Say whether there is something here by which the promise is tried."""
        ways = {
            RUNS: True,
            RETRY: self.stumbles or self.breaks or self.anew,
            CANCEL: self.slow or self.heavy or self.wakes,
            TIMEOUT: self.slow or self.heavy or self.lapses,
        }
        return bool(ways[promise])


def document(type_: str, room: Room, *after: Json, change: Json | None = None, **policy: Any) -> Json:
    """Return the workflow of the stage; ``after`` comes between the node and the output."""
    stage = STAGES[type_]
    tried = node("n", type_, {**stage.config(room), **(change or {})}, **policy)
    first, last = text("first"), [*after, output()]
    branches = stage.branches(room)
    beside = stage.beside(room)
    following = last[0]["id"]
    edges = [f"{one['id']} {two['id']}" for one, two in pairwise(last)]
    if RUNS in stage.without:
        return definition([first, *last, tried], [*edges, f"first {following}"])
    edges += [f"n {following} {route}".strip() for route in stage.routes or [""]]
    ways = [branch["id"] for branch in branches]
    edges += [f"first {id_}" for id_ in ways or ["n"]] + [f"{id_} n" for id_ in ways]
    return definition([first, *branches, tried, *last, *beside], edges)


class Post(EmailBackend):
    """Keeps messages; ``slow`` lets the next ones take long."""

    slow = threading.Event()
    over = threading.Event()

    def send_messages(self, messages: Any) -> int:
        if self.slow.is_set():
            self.over.wait(SLOW_S)
        return int(super().send_messages(messages))


def _put(room: Room) -> Json:
    return {"method": "PUT", "url": room.sink.url("/n"), "json": "{'topic': inputs.topic}"}


def _tool(room: Room) -> Json:
    arguments = {"url": {"template": room.sink.url("/n")}, "json": {"cel": "{'topic': inputs.topic}"}}
    return {
        "tool": "http_request",
        "settings": {"hosts": [room.sink.address], "methods": ["PUT"]},
        "arguments": arguments,
    }


def _library(room: Room) -> None:
    """A knowledge base whose questions a provider's model embeds."""
    from agents.actions.knowledge import create_knowledge_base

    with room.bench.inside():
        actor = room.bench.user("owner")
        base = create_knowledge_base(actor=actor, name="Library", slug="library", embedding_model="test/scripted")
        remember(base, "Tides follow the moon.", title="Tides")


def _crew(room: Room) -> None:
    tasks = [
        {"slug": "find", "description": "Find it", "agent": "Finder"},
        {"slug": "write", "description": "Write it", "agent": "Writer", "context": ["find"]},
    ]
    make_crew(room.bench, room.model.base_url, {"Finder": {}, "Writer": {}}, tasks)


def _other(room: Room) -> None:
    room.bench.workflow(definition([node("put", "http", _put(room)), output()]), name="Other")


def _listener(room: Room) -> None:
    workflow = room.bench.workflow(definition([text("a"), output()]), name="Listener")
    made(room.bench, workflow, "event", config={"event": "event.emitted", "name": "stage.reached"})


def _wait_over(room: Room, run: UUID) -> None:
    """Move the end of what it waits for into the past, as the clock does, and wake it, as the sweeper does then."""
    from workflows.actions.waking import wake

    with room.bench.inside():
        room.rows("Wait", run=run).update(due_at=timezone.now() - timedelta(seconds=1))
        wake(run, room.bench.run(run).queue)


def _overdue(room: Room, run: UUID) -> None:
    later(room.bench, run, 61)
    swept(room.bench)


def _advance_child(room: Room, run: UUID) -> None:
    with room.bench.inside():
        children = list(room.rows("Run", parent__run=run).values_list("pk", flat=True))
    for child in children:
        room.bench.advance(child)


def _asked(room: Room) -> int:
    return len(room.model.requests)


def _refused(room: Room) -> None:
    room.model.answer(Status(401))


def _hanging(room: Room) -> None:
    room.model.answer(Hang(SLOW_S))


MODEL: Json = {"outside": _asked, "stumbles": _refused, "slow": _hanging}
SERVICE: Json = {
    "outside": lambda room: room.sink.count("/n"),
    "stumbles": lambda room: room.sink.answer(Answer(status=503)),
    "slow": lambda room: room.sink.answer(Answer(hang_s=SLOW_S)),
}


def _high(when: str) -> Json:
    return {"route": "high", "when": when}


BOTH = ("high", "low")
CASES = {"cases": [_high("inputs.topic == 'tides'")], "default": "low"}
EQUALS = {"value": "inputs.topic", "cases": [{"route": "high", "equals": ["tides"]}], "default": "low"}
TWICE = {"items": "['a', 'b']", "each": "work", "at_once": 1}

STAGES: dict[str, Stage] = {
    "agent": Stage(
        lambda room: {"agent": "solo", "prompt": "Play {{ inputs.topic }}"}, ({"agent": "nobody"}, "agent"),
        ready=lambda room: make_agent(room.bench), once=1, calls=1, **MODEL,
    ),
    "crew": Stage(
        lambda room: {"crew": "team"}, ({"crew": "nobodies"}, "crew"), ready=_crew, once=2, calls=2, **MODEL
    ),
    "llm": Stage(lambda room: {"prompt": "On {{ inputs.topic }}"}, ({"model": "none"}, "model"), once=1, calls=1, **MODEL),
    "knowledge": Stage(
        lambda room: {"knowledge_base": "library", "query": "{{ inputs.topic }}"},
        ({"knowledge_base": "none"}, "knowledge_base"), ready=_library, calls=1, writes=False, slow=_hanging,
        breaks={"query": BROKEN_TEXT}, heavy={"query": HEAVY_TEXT},
    ),
    "tool": Stage(_tool, ({"settings": {"hosts": []}}, "settings.hosts"), once=1, **SERVICE),
    "http": Stage(_put, ({"method": "GET"}, "json"), once=1, **SERVICE),
    "condition": Stage(
        lambda room: CASES, ({"default": "none"}, "default"), routes=BOTH, breaks={"cases": [_high(BROKEN)]},
        heavy={"cases": [_high(HEAVY)]},
    ),
    "switch": Stage(
        lambda room: EQUALS, ({"value": "inputs.nothing"}, "value"), routes=BOTH, breaks={"value": BROKEN},
        heavy={"value": HEAVY},
    ),
    "loop": Stage(
        lambda room: {"while": "inputs.topic == 'ebb'", "most": 3}, ({"most": 0}, "most"), routes=("again", "done"),
        breaks={"while": BROKEN}, heavy={"while": HEAVY},
    ),
    "map": Stage(
        lambda room: TWICE, ({"each": "nobody"}, "each"), once=2, beside=lambda room: [node("work", "http", _put(room))],
        **SERVICE,
    ),
    "join": Stage(
        lambda room: {"mode": "all"}, ({"mode": "most"}, "mode"), outside=SERVICE["outside"], once=1, slow=SERVICE["slow"],
        branches=lambda room: [text("left"), node("right", "http", _put(room))],
        without=dict.fromkeys((RETRY, TIMEOUT), BRANCHES),
    ),
    "transform": Stage(
        lambda room: {"values": {"long": {"cel": "size(inputs.topic) > 3"}}},
        ({"values": {"long": {"cel": "size("}}}, "values.long.cel"), breaks={"values": {"long": {"cel": BROKEN}}},
        heavy={"values": {"long": {"cel": HEAVY}}},
    ),
    "template": Stage(
        lambda room: {"template": "On {{ inputs.topic }}"}, ({"template": "{{ nodes.none.text }}"}, "template"),
        breaks={"template": BROKEN_TEXT}, heavy={"template": HEAVY_TEXT},
    ),
    "approval": Stage(
        lambda room: {"title": "Good?", "content": "{{ inputs.topic }}"}, ({"roles": ["king"]}, "roles.0"),
        outside=lambda room: room.count("Approval", step__node="n"), once=1, breaks={"content": BROKEN_TEXT},
        wakes=lambda room, run: room.bench.decide(run, "approve"), lapses=_overdue,
    ),
    "email": Stage(
        lambda room: {"roles": ["owner"], "subject": "On {{ inputs.topic }}", "text": "Hello"},
        ({"roles": ["king"]}, "roles.0"), outside=lambda room: len(mail.outbox), once=1,
        breaks={"subject": BROKEN_TEXT}, slow=lambda room: Post.slow.set(),
    ),
    "emit": Stage(
        lambda room: {"event": "stage.reached", "data": {"topic": {"cel": "inputs.topic"}}},
        ({"event": "Stage reached"}, "event"), ready=_listener, outside=lambda room: room.count("Firing"), once=1,
        breaks={"data": {"topic": {"cel": BROKEN}}}, heavy={"data": {"topic": {"cel": HEAVY}}},
    ),
    "wait": Stage(
        lambda room: {"callback": {}}, ({"callback": {"timeout_s": 0}}, "callback.timeout_s"),
        outside=lambda room: room.count("Wait"), once=1,
        wakes=lambda room, run: call_back(room.bench, run, {"came": 1}, node="n"), lapses=_wait_over, anew=True,
    ),
    "workflow": Stage(
        lambda room: {"workflow": "other"}, ({"workflow": "none"}, "workflow"), ready=_other,
        outside=lambda room: room.count("Run", parent__isnull=False), once=1, wakes=_advance_child,
        stumbles=lambda room: room.sink.answer(Answer(status=404)), lapses=_wait_over, anew=True,
    ),
    "output": Stage(
        lambda room: {"artifact": {"name": "a.md", "content": "{{ inputs.topic }}"}, "outputs": {"a": {"cel": "1"}}},
        ({"artifact": {"name": "a.md"}}, "artifact.content"), outside=lambda room: room.count("Artifact"), once=1,
        breaks={"outputs": {"a": {"cel": BROKEN}}}, heavy={"outputs": {"a": {"cel": HEAVY}}},
    ),
    "note": Stage(
        lambda room: {"text": "Ask Ann."}, ({"text": ""}, "text"),
        without=dict.fromkeys((RUNS, RETRY, CANCEL, TIMEOUT), BESIDE),
    ),
}  # fmt: skip
