"""The types, beside those of JSON, that a checkpoint may hold: a closed table. Bytes name a row of it, never code."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from langchain_core import messages
from langchain_core.documents import Document
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.types import Interrupt, Overwrite, Send, TimeoutPolicy
from pydantic import BaseModel

MESSAGES = (
    messages.HumanMessage, messages.AIMessage, messages.SystemMessage, messages.ChatMessage, messages.ToolMessage,
    messages.FunctionMessage, messages.RemoveMessage, messages.HumanMessageChunk, messages.AIMessageChunk,
    messages.SystemMessageChunk, messages.ChatMessageChunk, messages.ToolMessageChunk, messages.FunctionMessageChunk,
)  # fmt: skip
ADDRESSES = (
    ipaddress.IPv4Address, ipaddress.IPv4Interface, ipaddress.IPv4Network,
    ipaddress.IPv6Address, ipaddress.IPv6Interface, ipaddress.IPv6Network,
)  # fmt: skip


class Kind(NamedTuple):
    """A type, its name in stored bytes, and how its values become plain and come back."""

    name: str
    type: type[Any]
    plain: Callable[[Any], Any]
    back: Callable[[Any], Any]


class Kinds:
    """The kinds by type, for writing, and by name, for reading."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = tuple(kinds)
        self.by_type = {kind.type: kind for kind in self._kinds}
        self.by_name = {kind.name: kind for kind in self._kinds}

    def and_declared(self, keys: Collection[tuple[str, ...]]) -> Kinds:
        """Return these and the classes that a graph's own schema declares, given as (module, name)."""
        more = [kind for key in sorted(keys) if (kind := _declared(*key[:2])) and kind.name not in self.by_name]
        return Kinds([*self._kinds, *more]) if more else self


def _declared(module: str, name: str) -> Kind | None:
    """Only what is imported already is looked at: a graph's schema is, when the graph is compiled."""
    found = getattr(sys.modules.get(module), name, None)
    if not isinstance(found, type) or found in BUILT_IN.by_type:
        return None
    label = f"{module}:{name}"
    if issubclass(found, BaseModel):
        return Kind(label, found, methodcaller("model_dump"), found.model_validate)
    if issubclass(found, Enum):
        return Kind(label, found, attrgetter("value"), found)
    return _dataclass(label, found) if dataclasses.is_dataclass(found) else None


def _dataclass(name: str, found: type[Any]) -> Kind:
    names = [field.name for field in dataclasses.fields(found) if field.init]
    return Kind(name, found, lambda v: {name: getattr(v, name) for name in names}, lambda plain: found(**plain))


def _model(name: str, found: type[BaseModel]) -> Kind:
    return Kind(name, found, methodcaller("model_dump"), lambda plain: found(**plain))


def _send(value: Send) -> list[Any]:
    return [value.node, value.arg, value.timeout]


def _built_in() -> Iterator[Kind]:
    yield Kind("datetime", datetime, datetime.isoformat, datetime.fromisoformat)
    yield Kind("date", date, date.isoformat, date.fromisoformat)
    yield Kind("time", time, time.isoformat, time.fromisoformat)
    yield Kind("timedelta", timedelta, lambda v: [v.days, v.seconds, v.microseconds], lambda p: timedelta(*p))
    yield Kind("timezone", timezone, lambda v: v.utcoffset(None), timezone)
    yield Kind("zone", ZoneInfo, attrgetter("key"), ZoneInfo)
    yield Kind("uuid", UUID, attrgetter("bytes"), lambda plain: UUID(bytes=plain))
    yield Kind("decimal", Decimal, str, Decimal)
    yield Kind("set", set, list, set)
    yield Kind("frozenset", frozenset, list, frozenset)
    yield Kind("deque", deque, lambda v: [list(v), v.maxlen], lambda p: deque(p[0], p[1]))
    yield Kind("path", type(Path()), str, Path)
    yield Kind("pattern", re.Pattern, lambda v: [v.pattern, v.flags], lambda p: re.compile(*p))
    yield from (Kind(found.__name__, found, str, found) for found in ADDRESSES)
    yield from (_model(found.__name__, found) for found in (*MESSAGES, Document))
    yield Kind("send", Send, _send, lambda p: Send(p[0], p[1], timeout=p[2]))
    yield Kind("snapshot", _DeltaSnapshot, attrgetter("value"), _DeltaSnapshot)
    yield from (_dataclass(found.__name__.lower(), found) for found in (Interrupt, Overwrite, TimeoutPolicy))


BUILT_IN = Kinds(_built_in())
