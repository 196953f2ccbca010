"""Values to bytes and back: msgpack with a closed table of types. What is not in the table is refused, both ways."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ormsgpack

from workflows.engine.checkpoints.errors import CheckpointRefused, CheckpointUnreadable
from workflows.engine.checkpoints.kinds import BUILT_IN, Kinds

EXTENSION = 1
MOST_OF_AN_ERROR = 10_000
TYPE = "msgpack"
_WRITE = (
    ormsgpack.OPT_NON_STR_KEYS
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_UUID
    | ormsgpack.OPT_REPLACE_SURROGATES
)
_READ = ormsgpack.OPT_NON_STR_KEYS


class StrictSerde:
    """LangGraph's SerializerProtocol, without what imports, calls, or goes on with something else than was written."""

    def __init__(self, kinds: Kinds = BUILT_IN) -> None:
        self._kinds = kinds

    def allowing(self, keys: Collection[tuple[str, ...]]) -> StrictSerde:
        """Return one that knows the classes of a graph's schema too."""
        return StrictSerde(self._kinds.and_declared(keys))

    def dumps(self, value: Any) -> bytes:
        """Return the value's bytes; raise CheckpointRefused for a type, size of number or depth that cannot be stored."""
        try:
            return ormsgpack.packb(value, default=self._extended, option=_WRITE)
        except (TypeError, ValueError) as error:
            raise CheckpointRefused(
                f"This state cannot be stored in a checkpoint: {self._why(value, error)}"
            ) from error

    def loads(self, data: bytes) -> Any:
        """Return the value; raise CheckpointUnreadable."""
        try:
            return ormsgpack.unpackb(data, ext_hook=self._revived, option=_READ)
        except (TypeError, ValueError) as error:
            raise CheckpointUnreadable from error

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Return the one type that there is, and the bytes."""
        return TYPE, self.dumps(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Return the value; raise CheckpointUnreadable for any other type."""
        if data[0] != TYPE:
            raise CheckpointUnreadable
        return self.loads(data[1])

    def _extended(self, value: Any) -> Any:
        kind = self._kinds.by_type.get(type(value))
        if kind is not None:
            plain = [kind.name, kind.plain(value)]
            return ormsgpack.Ext(EXTENSION, ormsgpack.packb(plain, default=self._extended, option=_WRITE))
        if isinstance(value, BaseException):
            return repr(value)[:MOST_OF_AN_ERROR]  # as LangGraph's own: an error comes back as text
        raise TypeError

    def _revived(self, code: int, data: bytes) -> Any:
        if code != EXTENSION:
            raise CheckpointUnreadable
        name, plain = ormsgpack.unpackb(data, ext_hook=self._revived, option=_READ)
        return self._kinds.by_name[name].back(plain)

    def _why(self, value: Any, error: Exception) -> str:
        """ormsgpack forgets which value it was, so that the bytes are tried once more, with an eye on it."""
        refused: list[str] = []

        def looked_at(part: Any) -> Any:
            kind = self._kinds.by_type.get(type(part))
            if kind is None and not isinstance(part, BaseException):
                refused.append(f"{type(part).__module__}.{type(part).__qualname__}")
            return kind.plain(part) if kind else None

        try:
            ormsgpack.packb(value, default=looked_at, option=_WRITE)
        except (TypeError, ValueError) as found:
            error = found
        return f"the type {refused[0]} is not among those that it may hold." if refused else f"{error}."
