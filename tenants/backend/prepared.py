"""Statements that come again and again are planned once for a connection and a schema, not once for each time.

They are executed in SQL, so that what enters the tenant and the statement are one message still. A plan is no way around a wall:
at each execution PostgreSQL asks for the role's rights, and plans anew where the search_path is another one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import errors

from nexod.kernel.often import Often

# To prepare a statement costs about one execution more, and each takes memory of its server: it is done for what comes a
# third time, and undone for what has not come for longest.
USES, MOST, MOST_SEEN = 3, 64, 512
# The plan is out of date in a way that PostgreSQL does not mend by itself, or somebody has thrown all of them away.
STALE = (errors.FeatureNotSupported, errors.InvalidSqlStatementName)
_PLACE = re.compile("%([%s])")
_CAST, _WHOLE = "'::", re.compile(r" ?-?\d+")
_INTEGER, _BIGINT = 2**31, 2**63
Types = tuple[str, ...]
Key = tuple[str, str, Types]


class Prepared:
    """What one connection has prepared."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.forget()

    def forget(self) -> None:
        """Know of nothing."""
        self._seen: OrderedDict[Key, int] = OrderedDict()
        self._names: OrderedDict[Key, str] = OrderedDict()

    def name_of(self, schema: str, query: Often, types: Types, execute: Callable[[str], None]) -> str | None:
        """Return the name of the statement, preparing it if need be; None while it did not come often enough.

        It is prepared by a message of its own, without values: whoever uses the connection later can read that message.
        """
        key = (schema, query, types)
        if key in self._names:
            self._names.move_to_end(key)
        elif self._comes_often(key):
            if len(self._names) >= MOST:
                oldest = next(iter(self._names))
                execute(f"DEALLOCATE {self._names[oldest]}")
                del self._names[oldest]
            name = f"often_{next(self._numbers)}"
            values = f" ({', '.join(types)})" if types else ""
            execute(f"PREPARE {name}{values} AS {_numbered(query)}")
            self._names[key] = name
        return self._names.get(key)

    def heed(self, refusal: Exception, schema: str, query: Often, types: Types) -> None:
        """Forget what one of STALE says is of no use any more: all, or the one plan."""
        if isinstance(refusal, errors.InvalidSqlStatementName):
            self.forget()
        else:
            self._names.pop((schema, query, types), None)

    def _comes_often(self, key: Key) -> bool:
        uses = self._seen.pop(key, 0) + 1
        if uses >= USES:
            return True
        self._seen[key] = uses
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return False


def prepared_by(connection: Any) -> Prepared:
    """Return what this psycopg connection has prepared."""
    found = _prepared.get(connection)
    if found is None:
        found = _prepared[connection] = Prepared()
    return found


_prepared: WeakKeyDictionary[Any, Prepared] = WeakKeyDictionary()


def type_of(literal: str) -> str:
    """Return the type that PostgreSQL gives to a value written so: prepared, the statement means what it means in words."""
    if literal.endswith("'") or literal == "NULL":
        return "unknown"
    if _CAST in literal:
        return literal.rpartition(_CAST)[2]
    if literal in ("true", "false"):
        return "boolean"
    if not _WHOLE.fullmatch(literal):
        return "numeric"
    number = int(literal)
    if -_INTEGER < number < _INTEGER:
        return "integer"
    return "bigint" if -_BIGINT < number < _BIGINT else "numeric"


@lru_cache(maxsize=MOST_SEEN)
def _numbered(query: str) -> str:
    numbers = count(1)
    return _PLACE.sub(lambda found: "%" if found[1] == "%" else f"${next(numbers)}", query)
