"""What an answer of this step cites is looked up among what its run retrieved, and told: resolved, or flagged."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models.functions import Substr

from agents.knowledge.citations import Citation, Source, checked, cites
from agents.models import Chunk, DocumentText
from nexod.kernel import run_port
from nexod.kernel.events import CitationsChecked, CitedPassage, KnowledgeRetrieved
from nexod.kernel.run_port import RunPort

MOST_TOLD = 100
Given = tuple[int, int | None, int | None]
"""A chunk, and the characters of its document that were given with it."""


def check_citations(answer: str) -> list[Citation]:
    """Return the citations of ``answer`` and tell the run of them; nothing outside of a run, or where nothing is cited."""
    port = run_port.current()
    if port is None or not cites(answer):
        return []
    found = checked(answer, _sources(port))
    told = [_told(citation) for citation in found[:MOST_TOLD]]
    flagged = sum(bool(citation.problem) for citation in found)
    port.emit(CitationsChecked(node=port.node, step=port.step_id, citations=told, flagged=flagged))
    return found


def _sources(port: RunPort) -> dict[str, list[Source]]:
    """Return by name what the run retrieved; a name may have been given twice."""
    named: defaultdict[str, list[Given]] = defaultdict(list)
    for data in port.told(KnowledgeRetrieved.type):
        for passage in data.get("passages", ()):
            named[passage["ref"]].append((passage["chunk"], passage.get("start"), passage.get("end")))
    ids = {chunk for given in named.values() for chunk, _, _ in given}
    chunks = Chunk.objects.select_related("document").in_bulk(ids)
    return {
        ref: [_source(chunks[chunk], start, end) for chunk, start, end in dict.fromkeys(given) if chunk in chunks]
        for ref, given in named.items()
    }


def _source(chunk: Chunk, start: int | None, end: int | None) -> Source:
    """Return the passage as it was given: its chunk, or the chunk and what stands around it."""
    text = chunk.text
    if start is None or end is None or (start, end) == (chunk.start, chunk.end):
        start, end = chunk.start, chunk.end
    else:
        rows = DocumentText.objects.filter(document=chunk.document_id)
        text = rows.values_list(Substr("text", start + 1, end - start), flat=True).first() or text
    title = chunk.document.title or chunk.document.name
    return Source(
        chunk.pk, str(chunk.document_id), title, chunk.heading, chunk.page, start, end,
        "\n".join(filter(None, (chunk.lead, text))),
    )  # fmt: skip


def _told(citation: Citation) -> CitedPassage:
    source = citation.source
    place: dict[str, Any] = {}
    if source:
        place = {
            "chunk": source.chunk_id, "document": source.document_id, "title": source.title, "heading": source.heading,
            "page": source.page, "start": source.start, "end": source.end,
        }  # fmt: skip
    return CitedPassage(
        ref=citation.ref, sentence=citation.sentence, problem=citation.problem, overlap=citation.overlap, **place
    )
