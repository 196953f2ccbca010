"""One question to documents, runs and memories. Each answers for itself: scores of different kinds cannot be compared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, zip_longest

from agents.api.asked import LONGEST_QUERY
from agents.knowledge import legs
from agents.knowledge.readers import reader_of
from agents.knowledge.retrieve import Passage, search
from agents.llm.waiting import deadline
from agents.memory.recall import Recalled, ranked
from agents.models import KnowledgeBase, Memory
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from workflows.search.runs import FoundRun, similar_runs

KINDS = ("documents", "runs", "memories")
USUAL, MOST = 8, 25
MOST_BASES = 20


@dataclass(frozen=True, slots=True)
class Everything:
    """What was found, the best first; None: this kind was not asked for, or the person may not look at it."""

    documents: list[Passage] | None = None
    runs: list[FoundRun] | None = None
    memories: list[Recalled] | None = None


def search_everything(actor: User, query: str, *, kinds: tuple[str, ...] = KINDS, limit: int = USUAL) -> Everything:
    """Return what ``actor`` may see of what is about ``query``. Raises InvalidInput. For use inside the tenant."""
    query = query.strip()
    if not 1 <= len(query) <= LONGEST_QUERY or "\0" in query:
        raise InvalidInput(details=[{"field": "q", "message": f"Give 1 to {LONGEST_QUERY} characters."}])
    wanted = {kind for kind in kinds if actor.has_perm(PERMISSIONS[kind])}
    return Everything(
        documents=_documents(actor, query, limit) if "documents" in wanted else None,
        runs=similar_runs(query, limit) if "runs" in wanted else None,
        memories=ranked(Memory.objects.alive().visible_to(actor), query, limit=limit) if "memories" in wanted else None,
    )


PERMISSIONS = {
    "documents": "agents.view_document", "runs": "workflows.view_run", "memories": "agents.view_memory",
}  # fmt: skip


def _documents(actor: User, query: str, limit: int) -> list[Passage]:
    """Take from each knowledge base in turn: ranks can be compared where scores cannot."""
    reader = reader_of(actor)
    bases = KnowledgeBase.objects.order_by("-updated_at")[:MOST_BASES]
    with deadline(legs.PATIENCE_S):  # for all of them together: where a provider is away, words alone answer
        found = [search(base, query, reader=reader, limit=limit) for base in bases]
    in_turn = chain.from_iterable(zip_longest(*found))
    return [one for one in in_turn if one is not None][:limit]
