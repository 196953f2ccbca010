"""What a checkpoint may hold, and that nothing which stands in its bytes is imported or called."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import re
import sys
from collections import deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import ormsgpack
import pytest

import workflows.engine  # noqa: F401  which turns LangGraph's safety on before it is imported

from langchain_core.documents import Document  # isort: skip
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage  # isort: skip
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer  # isort: skip
from langgraph.types import Interrupt, Overwrite, Send  # isort: skip
from pydantic import BaseModel  # isort: skip

from workflows.engine.checkpoints.errors import (  # isort: skip
    CheckpointOutdated,
    CheckpointRefused,
    CheckpointUnreadable,
)
from workflows.engine.checkpoints.seal import seal, unseal  # isort: skip
from workflows.engine.checkpoints.serde import EXTENSION, StrictSerde  # isort: skip

SERDE = StrictSerde()


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Paper(BaseModel):
    title: str
    when: date


PLAIN = [
    None, True, 1, -(2**63), 2**64 - 1, 1.5, float("inf"), "text", "\0", "é漢\U0001f600", b"\0bytes",
    [], {}, {"a": [1]}, {1: 2},
]  # fmt: skip
RICH = [
    datetime(2026, 1, 2, 3, 4, 5, 6, UTC), date(2026, 1, 2), time(1, 2, 3), timedelta(days=-1),
    timezone(timedelta(hours=2)), ZoneInfo("Europe/Berlin"), UUID(int=1), Decimal("1.10"), {1, 2}, frozenset({1}),
    deque([1, 2], maxlen=3), Path("/a/b"), re.compile("a+", re.IGNORECASE), ipaddress.ip_address("::1"),
    ipaddress.ip_network("10.0.0.0/8"), HumanMessage("hi", id="1"), ToolMessage("did", tool_call_id="1"),
    AIMessage("hi", tool_calls=[{"name": "t", "args": {"a": 1}, "id": "1"}]), SystemMessage("be good"),
    Document(page_content="text", metadata={"a": 1}), Send("node", {"a": {1}}), Interrupt({"a": 1}, id="x"), Overwrite([1]),
]  # fmt: skip


@pytest.mark.parametrize("value", [*PLAIN, *RICH], ids=lambda value: type(value).__name__)
def test_what_may_be_stored_comes_back_as_it_was(value: Any) -> None:
    for given in (value, [value], {"key": (value,)}):
        found = SERDE.loads(SERDE.dumps(given))
        assert found == (given if not isinstance(given, dict) or "key" not in given else {"key": [value]})
        assert type(found) is type(given)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (object(), "builtins.object"),
        (Point(1), "test_checkpoint_serde.Point"),
        (Colour.RED, "test_checkpoint_serde.Colour"),
        (Paper(title="x", when=date(2026, 1, 1)), "test_checkpoint_serde.Paper"),
        (print, "builtins.builtin_function_or_method"),
        (dict, "builtins.type"),
        (1j, "builtins.complex"),
        (10**30, "64-bit"),
    ],
)
def test_what_may_not_be_stored_is_refused_by_name_however_deep(value: Any, told: str) -> None:
    for given in (value, [{"a": (value,)}], Send("node", {"a": [value]})):
        with pytest.raises(CheckpointRefused, match=told):
            SERDE.dumps(given)


def test_errors_are_stored_as_text() -> None:
    assert SERDE.loads(SERDE.dumps(ValueError("no"))) == "ValueError('no')"
    assert len(SERDE.loads(SERDE.dumps(ValueError("no" * 100_000)))) == 10_000


def test_nesting_is_bounded_both_ways() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CheckpointRefused, match="Recursion"):
        SERDE.dumps(deep)
    with pytest.raises(CheckpointUnreadable):
        SERDE.loads(b"\x91" * 100_000 + b"\xc0")
    for _ in range(100_000):
        deep = deep[0]  # or its end would be one call for each level


def test_what_contains_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(CheckpointRefused):
        SERDE.dumps(circle)


def test_the_classes_of_a_graphs_schema_are_stored_once_it_names_them() -> None:
    keys = {(found.__module__, found.__name__) for found in (Point, Colour, Paper)}
    allowing = SERDE.allowing(keys)
    for value in (Point(1, 2), Colour.RED, Paper(title="x", when=date(2026, 1, 1))):
        stored = allowing.dumps([value])
        assert allowing.loads(stored) == [value]
        with pytest.raises(CheckpointUnreadable):
            SERDE.loads(stored)
        with pytest.raises(CheckpointRefused):
            SERDE.dumps(value)


@pytest.mark.parametrize("key", [("os", "system"), ("subprocess", "Popen"), ("builtins", "eval"), ("antigravity", "x")])
def test_naming_a_callable_in_a_schema_allows_nothing(key: tuple[str, str]) -> None:
    with pytest.raises(CheckpointUnreadable):
        SERDE.allowing([key]).loads(extension(f"{key[0]}:{key[1]}", "true"))
    assert "antigravity" not in sys.modules


def extension(name: Any, plain: Any) -> bytes:
    return ormsgpack.packb(ormsgpack.Ext(EXTENSION, ormsgpack.packb([name, plain])))


CALLED: list[str] = []


@pytest.mark.parametrize(
    "data",
    [
        *(
            ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb([__name__, "called", "x", "called"])))
            for code in range(8)
        ),
        extension(f"{__name__}:called", "x"),
        extension(f"{__name__}.called", "x"),
        extension("this", "x"),
        extension("uuid", "too long to be one"),
        extension("datetime", {}),
        extension("Paper", {"title": 1}),
        extension([1], "x"),
        extension("decimal", "nothing"),
        ormsgpack.packb(ormsgpack.Ext(EXTENSION, b"")),
        ormsgpack.packb(ormsgpack.Ext(EXTENSION, ormsgpack.packb(1))),
        JsonPlusSerializer().dumps_typed(Point(1))[1],
        b"",
        b"\xdd\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xffabc",
    ],
)
def test_bytes_that_name_something_else_are_refused_and_nothing_is_called(data: bytes) -> None:
    with pytest.raises(CheckpointUnreadable):
        SERDE.loads(data)
    assert CALLED == []


def called(*args: Any) -> None:
    CALLED.append("called")


@pytest.mark.parametrize("kind", ["json", "pickle", "bytes", "null", "msgpack "])
def test_no_other_type_of_bytes_is_read(kind: str) -> None:
    with pytest.raises(CheckpointUnreadable):
        SERDE.loads_typed((kind, SERDE.dumps(1)))
    assert SERDE.loads_typed(SERDE.dumps_typed({"a": 1})) == {"a": 1}


def test_a_seal_opens_only_what_it_sealed() -> None:
    sealed = seal(b"content")
    assert unseal(sealed) == b"content"
    for place in range(1, len(sealed)):
        with pytest.raises(CheckpointUnreadable):
            unseal(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        with pytest.raises(CheckpointUnreadable):
            unseal(sealed[:place])
    with pytest.raises(CheckpointOutdated):
        unseal(b"\x02" + sealed[1:])


def test_an_older_secret_still_opens_what_it_sealed(settings: Any) -> None:
    sealed = seal(b"content")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new" * 20
    assert unseal(sealed) == b"content"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(CheckpointUnreadable):
        unseal(sealed)
