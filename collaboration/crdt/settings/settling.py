"""What editors of shared settings are told: what is wrong, and what differs from what is saved, by whom. Saves nothing."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from agents.settings.checking import problems_of
from agents.settings.kinds import Kind
from collaboration.crdt.settings.differences import differing
from collaboration.crdt.settings.shape import ROOT, content_of, row_keys
from collaboration.crdt.shape.normal import plain
from collaboration.crdt.shape.reading import TooDeep
from collaboration.drafts.authorship import Touched, UpdateRefused, replayed
from collaboration.drafts.reading import Log, is_settled, keep_state, log_of, state_of
from nexod.kernel.digests import digest_of
from tenants.accounts.models import User
from tenants.records import Record

Json = dict[str, Any]
TOO_DEEP = {"code": "too_large", "message": "The document is nested too deep to be read.", "node": "", "field": ""}


class Settled(NamedTuple):
    """What a document says ({} when that cannot be read), and what its editors are told."""

    content: Json
    state: Json


def name_of(kind: Kind, row: UUID) -> str:
    """Return what the document is called."""
    return f"{kind.name}:{row}"


def settle(kind: Kind, row: UUID) -> Json | None:
    """Look at the document and return ``{"seq", "problems", "digest", "saved", "changed"}`` for its editors."""
    name = name_of(kind, row)
    if not is_settled(name):
        with transaction.atomic():
            found = kind.model._default_manager.select_for_update(no_key=True).filter(pk=row).first()
            if found is not None:
                settle_locked(kind, found)
    return state_of(name)


def settle_locked(kind: Kind, row: Record) -> Settled | None:
    """Look at the document of a locked row and write down how it stands to the row now; None where there is no document."""
    name = name_of(kind, row.pk)
    log = log_of(name)
    if log is None:
        return None
    try:
        touched = replayed(log, _roots(kind))
    except UpdateRefused:
        log = log_of(name, without_refused=True)
        assert log is not None
        touched = replayed(log, _roots(kind))
    found = _settled(kind, row, log, touched)
    keep_state(name, log.seq, found.state)
    return found._replace(state={"seq": log.seq, **found.state})


def _settled(kind: Kind, row: Record, log: Log, touched: Touched) -> Settled:
    saved, before = plain(kind.content(row)), log.told.get("changed", [])
    told = {"saved": digest_of(saved)}
    try:
        content, keys = content_of(log.doc, kind), row_keys(log.doc, kind) if kind.rows else {}
    except TooDeep:
        return Settled({}, {**told, "problems": [TOO_DEEP], "digest": "", "changed": before})
    known = {one["field"]: [who["id"] for who in one["by"]] for one in before}
    changed = [
        {"field": field, "by": [*known.get(field, []), *_authors(kind, touched, keys, field)]}
        for field in differing(kind, saved, content)
    ]
    problems = problems_of(kind, row, content)
    return Settled(content, {**told, "problems": problems, "digest": digest_of(content), "changed": _named(changed)})


def _authors(kind: Kind, touched: Touched, keys: dict[str, str], field: str) -> list[str]:
    first, _, rest = field.partition(".")
    slug, _, inner = rest.partition(".")
    place = tuple(filter(None, (first, keys.get(slug, slug), inner)))
    return [str(author) for author in touched.who(place) if author]


def _named(changed: list[Json]) -> list[Json]:
    wanted = {id_ for one in changed for id_ in one["by"]}
    names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=wanted)}
    return [
        {**one, "by": [{"id": id_, "name": names[id_]} for id_ in dict.fromkeys(one["by"]) if id_ in names]}
        for one in changed
    ]


def _roots(kind: Kind) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = ((kind.rows, (kind.rows,)),) if kind.rows else ()
    return ((ROOT, ()), *rows)
