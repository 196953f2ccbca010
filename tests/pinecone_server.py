"""A stand-in for Pinecone's data plane on loopback: its HTTP, its limits, its 429 and its lag between a write and a search."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy

from tests.loopback import LoopbackHandler, LoopbackServer

Json = dict[str, Any]
MOST_VECTORS, MOST_BYTES, MOST_IDS, MOST_METADATA, MOST_TOP_K = 1_000, 2 * 1024 * 1024, 1_000, 40 * 1024, 10_000


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PineconeServer:
    """``with PineconeServer() as server``: an index of ``dimension`` at ``server.address``, open to ``key``."""

    def __init__(self, *, dimension: int = 256, key: str = "pc-key", lag_s: float = 0.15) -> None:
        self.dimension, self.key, self.lag_s = dimension, key, lag_s
        self.busy = 0
        """So many next requests are answered with 429."""
        self.requests: list[tuple[str, Json]] = []
        self.spaces: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        """What was written, at once; ``seen`` is what searches and statistics know of it."""
        self._writes: list[tuple[float, str, str, Json | None]] = []
        self._seen: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self._lock = threading.Lock()
        self._http = LoopbackServer(_handler(self))
        self.address = f"http://{self._http.host}"

    def __enter__(self) -> PineconeServer:
        self._http.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.end()

    def answer(self, path: str, body: Json, size: int, key: str) -> Json:
        """Return the answer to a request; raise Refused."""
        with self._lock:
            self.requests.append((path, body))
            if key != self.key:
                raise Refused(401, "Invalid API Key")
            if self.busy:
                self.busy -= 1
                raise Refused(429, "Too many requests")
            if size > MOST_BYTES:
                raise Refused(
                    400, f"Error, message length too large: found {size} bytes, the limit is: {MOST_BYTES} bytes"
                )
            self._settle()
            return {
                "/vectors/upsert": self._upsert,
                "/query": self._query,
                "/vectors/fetch": self._fetch,
                "/vectors/delete": self._delete,
                "/vectors/list": self._list,
                "/describe_index_stats": self._stats,
            }[path](body)

    def _upsert(self, body: Json) -> Json:
        vectors, space = body["vectors"], body.get("namespace", "")
        if len(vectors) > MOST_VECTORS:
            raise Refused(400, f"Upsert batch size exceeds {MOST_VECTORS}")
        for vector in vectors:
            if len(vector["values"]) != self.dimension:
                raise Refused(
                    400,
                    f"Vector dimension {len(vector['values'])} does not match the dimension of the index {self.dimension}",
                )
            if len(json.dumps(vector.get("metadata", {}))) > MOST_METADATA:
                raise Refused(400, "Metadata size exceeds the limit of 40960 bytes per vector")
        for vector in vectors:
            self._write(space, vector["id"], vector)
        return {"upsertedCount": len(vectors)}

    def _delete(self, body: Json) -> Json:
        space = body.get("namespace", "")
        if space not in self.spaces:
            raise Refused(404, "Namespace not found")
        ids = body.get("ids") or []
        if len(ids) > MOST_IDS:
            raise Refused(400, f"Cannot delete more than {MOST_IDS} ids at once")
        for key in list(self.spaces[space]) if body.get("deleteAll") else ids:
            self._write(space, key, None)
        return {}

    def _query(self, body: Json) -> Json:
        if body["topK"] > MOST_TOP_K:
            raise Refused(400, f"topK exceeds {MOST_TOP_K}")
        wanted = body.get("filter", {}).get("document", {}).get("$in")
        asked = numpy.array(body["vector"])
        if asked.shape != (self.dimension,):
            raise Refused(400, "Vector dimension does not match the dimension of the index")
        found = [
            (_cosine(asked, numpy.array(vector["values"])), key)
            for key, vector in self._seen[body.get("namespace", "")].items()
            if wanted is None or vector.get("metadata", {}).get("document") in wanted
        ]
        best = sorted(found, reverse=True)[: body["topK"]]
        return {"matches": [{"id": key, "score": score} for score, key in best], "namespace": body.get("namespace", "")}

    def _fetch(self, body: Json) -> Json:
        held = self.spaces[body.get("namespace", "")]
        return {
            "vectors": {key: held[key] for key in body["ids"] if key in held},
            "namespace": body.get("namespace", ""),
        }

    def _list(self, body: Json) -> Json:
        keys = sorted(key for key in self._seen[body.get("namespace", "")] if key.startswith(body.get("prefix", "")))
        return {"vectors": [{"id": key} for key in keys[:100]], "namespace": body.get("namespace", "")}

    def _stats(self, body: Json) -> Json:
        counts = {space: {"vectorCount": len(held)} for space, held in self._seen.items() if held}
        total = sum(one["vectorCount"] for one in counts.values())
        return {"namespaces": counts, "dimension": self.dimension, "indexFullness": 0, "totalVectorCount": total}

    def catch_up(self) -> None:
        """Let searches see all that was written, whatever the lag."""
        with self._lock:
            self._writes = [(0.0, *write) for _, *write in self._writes]
            self._settle()

    def _write(self, space: str, key: str, vector: Json | None) -> None:
        if vector is None:
            self.spaces[space].pop(key, None)
        else:
            self.spaces[space][key] = vector
        self._writes.append((time.monotonic() + self.lag_s, space, key, vector))

    def _settle(self) -> None:
        while self._writes and self._writes[0][0] <= time.monotonic():
            _, space, key, vector = self._writes.pop(0)
            if vector is None:
                self._seen[space].pop(key, None)
            else:
                self._seen[space][key] = vector


def _cosine(one: Any, other: Any) -> float:
    return float(one @ other / ((numpy.linalg.norm(one) * numpy.linalg.norm(other)) or 1))


def _handler(server: PineconeServer) -> type[LoopbackHandler]:
    class Handler(LoopbackHandler):
        def do_GET(self) -> None:  # noqa: N802  as http.server calls it
            parts = urlsplit(self.path)
            query = {name: values if name == "ids" else values[0] for name, values in parse_qs(parts.query).items()}
            self._reply(parts.path, query, 0)

        def do_POST(self) -> None:  # noqa: N802  as http.server calls it
            content = self.content()
            self._reply(self.path, json.loads(content or b"{}"), len(content))

        def _reply(self, path: str, body: Json, size: int) -> None:
            try:
                status, answer = 200, server.answer(path, body, size, self.headers.get("Api-Key", ""))
            except Refused as refused:
                status, answer = refused.status, {"code": 3, "message": str(refused), "details": []}
            self.reply_json(status, answer)

    return Handler
