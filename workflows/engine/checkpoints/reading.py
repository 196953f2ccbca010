"""The SQL that reads checkpoints. What a page of them shares comes once, from the same snapshot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from workflows.engine.checkpoints.errors import CheckpointRefused
from workflows.engine.checkpoints.packing import Blobs, Found, Packer
from workflows.engine.checkpoints.places import Place, name, place_of
from workflows.engine.checkpoints.seal import name_of
from workflows.engine.checkpoints.statements import Statement

# What a task wrote stands in rows of its own or, if it was alone in its step, in the row of the checkpoint after it.
PAGE = """WITH page AS (
    SELECT * FROM checkpoints {where} ORDER BY id DESC, thread_id DESC, namespace DESC LIMIT %s
), graphs AS (
    SELECT thread_id, namespace, min(id) AS oldest, array_agg(id) AS ids FROM page GROUP BY thread_id, namespace
), wrote AS (
    SELECT w.thread_id, w.namespace, w.checkpoint_id, w.blobs, w.content, NULL AS told FROM checkpoint_writes w
    JOIN page p ON (w.thread_id, w.namespace, w.checkpoint_id) = (p.thread_id, p.namespace, p.id)
    UNION ALL
    SELECT c.thread_id, c.namespace, c.parent, c.wrote_blobs, c.wrote, c.id FROM checkpoints c
    JOIN graphs g ON (c.thread_id, c.namespace) = (g.thread_id, g.namespace) AND c.id > g.oldest AND c.parent = ANY(g.ids)
    WHERE c.wrote IS NOT NULL
), named AS (
    SELECT thread_id, unnest(blobs) AS digest FROM page UNION SELECT thread_id, unnest(blobs) FROM wrote
)
SELECT p.thread_id, p.namespace, p.id,
    (SELECT b.id FROM checkpoints b WHERE (b.thread_id, b.namespace, b.id) = (p.thread_id, p.namespace, p.parent)),
    p.metadata::text, p.state,
    ARRAY(
        SELECT w.content FROM wrote w WHERE (w.thread_id, w.namespace, w.checkpoint_id) = (p.thread_id, p.namespace, p.id)
        ORDER BY w.told
    ),
    CASE WHEN row_number() OVER (ORDER BY p.id DESC, p.thread_id DESC, p.namespace DESC) = 1 THEN
        ARRAY(SELECT b.content FROM checkpoint_blobs b JOIN named USING (thread_id, digest) WHERE digest <> ALL(%s::bytea[]))
    END
FROM page p ORDER BY p.id DESC, p.thread_id DESC, p.namespace DESC"""


def newest(place: Place) -> Statement:
    """Return what reads the checkpoint at ``place``, or the newest of its graph."""
    wanted = "AND id = %s" if place.checkpoint_id else ""
    where = f"WHERE thread_id = %s AND namespace = %s {wanted}"
    return Statement(PAGE.format(where=where), [part for part in place if part is not None] + [1, []])


def read(rows: Sequence[Sequence[Any]]) -> tuple[list[Found], Blobs]:
    """Return the rows of a page, and the large values that came with it, by the names that their bytes have."""
    found = [Found(*row[:7]) for row in rows]
    return found, {name_of(content): content for row in rows for content in row[7] or ()}


class Search:
    """A listing, newest first, read page by page: no page holds more than a few states, none holds a cursor open."""

    SIZE = 16

    def __init__(
        self,
        config: RunnableConfig | None,
        metadata: dict[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> None:
        self._conditions: list[str] = []
        self._params: list[Any] = []
        self._left = limit
        self._blobs: Blobs = {}
        if config is not None:
            self._at(config)
        if metadata:
            self._and("metadata @> %s::jsonb", _filter(metadata))
        if before is not None and (older := (before.get("configurable") or {}).get("checkpoint_id")):
            self._and("id < %s", name("checkpoint_id", older))
        self._last: tuple[str, str, str] | None = None

    def _at(self, config: RunnableConfig) -> None:
        place = place_of(config)
        self._and("thread_id = %s", place.thread_id)
        if (config.get("configurable") or {}).get("checkpoint_ns") is not None:
            self._and("namespace = %s", place.namespace)
        if place.checkpoint_id:
            self._and("id = %s", place.checkpoint_id)

    def _and(self, condition: str, param: str) -> None:
        self._conditions.append(condition)
        self._params.append(param)

    @property
    def next(self) -> Statement | None:
        """Return what reads the next page; None when there is none."""
        size = self.SIZE if self._left is None else min(self.SIZE, self._left)
        if size < 1:
            return None
        conditions, params = list(self._conditions), list(self._params)
        if self._last:
            conditions.append("(id, thread_id, namespace) < (%s, %s, %s)")
            params += self._last
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return Statement(PAGE.format(where=where), [*params, size, list(self._blobs)])

    def take(self, rows: Sequence[Sequence[Any]], packer: Packer) -> list[CheckpointTuple]:
        """Return what the page holds, and remember where it ended."""
        found, blobs = read(rows)
        self._blobs |= blobs
        given = [packer.tuple_of(one, self._blobs)[0] for one in found]
        if self._left is not None:
            self._left -= len(given)
        if len(given) < self.SIZE:
            self._left = 0
        if found:
            self._last = (found[-1].id, found[-1].thread_id, found[-1].namespace)
        return given


def _filter(metadata: dict[str, Any]) -> str:
    try:
        return json.dumps(metadata, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointRefused(f"A filter has to be JSON: {error}.") from error
