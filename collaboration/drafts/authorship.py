"""Who changed what: updates are replayed one after the other, and each tells which places it touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pycrdt import Doc, Map, MapEvent

from collaboration.crdt.committed import is_refusal
from collaboration.crdt.shape.reading import TooDeep, root
from collaboration.drafts.reading import Log

Json = dict[str, Any]
Who = UUID | None
Place = tuple[str, ...]
"""Key of a node and the way to a field; ``("", field)`` for the whole, ``("->", key of an edge)``."""


Roots = Sequence[tuple[str, Place]]
"""Names of the maps of a document, each with what its places begin with."""
WORKFLOW: Roots = (("workflow", ("",)), ("nodes", ()), ("edges", ("->",)))


class UpdateRefused(Exception):
    """The library cannot take a committed update."""


class Touched:
    """Applies updates to a document and notes the places that each author touched."""

    def __init__(self, doc: Doc[Any], roots: Roots = WORKFLOW) -> None:
        self._doc = doc
        self._places: dict[Who, set[Place]] = defaultdict(set)
        self._author: Who = None
        self._edges = _edges(doc)
        self._keep = [doc.get(name, type=Map).observe_deep(self._noting(head)) for name, head in roots]

    def apply(self, update: bytes, author: Who) -> None:
        """Make one update of one author part of the document; raise UpdateRefused, after which the document is of no use."""
        self._author = author
        self._places.setdefault(author, set())
        try:
            self._doc.apply_update(update)
        except BaseException as error:
            if is_refusal(error):
                raise UpdateRefused from error
            raise

    def by_author(self, changes: Sequence[Json], keys: Mapping[str, str]) -> dict[Who, list[Json]]:
        """Return the differences of each author, the latest author last; ``keys`` has the nodes' keys by their ids.

        What nobody touched by itself (an edge that went with its node) is everybody's.
        """
        if len(self._places) < 2:
            return {author: list(changes) for author in self._places}
        found: dict[Who, list[Json]] = {author: [] for author in self._places if author != self._author}
        found[self._author] = []
        for change in changes:
            whose = [author for author in found if self._did(author, change, keys)]
            for author in whose or found:
                found[author].append(change)
        return found

    def who(self, place: Place) -> list[Who]:
        """Return who touched the place or something in it."""
        return [author for author, places in self._places.items() if any(_meet(one, place) for one in places)]

    def _did(self, author: Who, change: Json, keys: Mapping[str, str]) -> bool:
        places = self._places[author]
        if change["field"] == "edges":
            edges = {**self._edges, **_edges(self._doc)}
            return any(place[0] == "->" and self._tells(edges.get(place[1]), change, keys) for place in places)
        way = tuple(change["field"].split(".")) if change["field"] else ()
        head = keys.get(change["node"], change["node"]) if change["node"] else ""
        return any(_meet(place, (head, *way)) for place in places)

    def _tells(self, edge: Any, change: Json, keys: Mapping[str, str]) -> bool:
        if not isinstance(edge, dict):
            return False
        source, _, rest = str(change["after"] or change["before"]).partition(" → ")
        target, _, when = rest.partition(" (")
        ends = keys.get(source, source), keys.get(target, target), when.removesuffix(")")
        return (edge.get("from"), edge.get("to"), edge.get("when") or "") == ends

    def _noting(self, head: Place) -> Any:
        def note(events: Iterable[Any], _: Any = None) -> None:
            for event in events:
                path = tuple(str(step) for step in event.path)
                names = [*event.keys] if isinstance(event, MapEvent) else []  # type: ignore[attr-defined]
                places = [(*head, *path, name) for name in names] or [(*head, *path)]
                self._places[self._author].update(place for place in places if place[-1] != "at")

        return note


def replayed(log: Log, roots: Roots = WORKFLOW) -> Touched:
    """Apply what was changed since a document was settled to it, and return who touched what; raise UpdateRefused."""
    touched = Touched(log.doc, roots)
    for update, author in log.rest:
        touched.apply(update, author)
    return touched


def _edges(doc: Doc[Any]) -> Json:
    try:
        return root(doc, "edges")
    except TooDeep:
        return {}


def _meet(one: Place, other: Place) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]
