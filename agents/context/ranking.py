"""Which passages of older texts matter to a question: by meaning and by words, fused, in the order in which they were said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from agents.knowledge.embedding import embedder
from agents.knowledge.fusion import fused

PASSAGE, MAX_PASSAGES = 800, 500
_WORD = re.compile(r"\w{3,}")
_BREAK = re.compile(r"\n\s*\n|(?<=[.!?])\s+")


def relevant(texts: Sequence[str], question: str, room: int) -> list[str]:
    """Return the passages of ``texts`` that matter most to ``question``, in their order, ``room`` characters of them."""
    passages = [passage for text in texts for passage in _passages(text)][-MAX_PASSAGES:]
    if not passages:
        return []
    scores = fused(_by_meaning(passages, question), _by_words(passages, question))
    chosen: list[int] = []
    for number in sorted(scores, key=lambda one: (-scores[one], one)):
        room -= len(passages[number]) + 2
        if room < 0:
            break
        chosen.append(number)
    return [passages[number] for number in sorted(chosen)]


def _passages(text: str) -> Iterator[str]:
    passage = ""
    for part in _BREAK.split(text):
        for piece in (part[start : start + PASSAGE] for start in range(0, len(part), PASSAGE)):
            if len(passage) + len(piece) > PASSAGE and passage:
                yield passage
                passage = ""
            passage = f"{passage} {piece}".strip()
    if passage:
        yield passage


def _by_meaning(passages: Sequence[str], question: str) -> list[int]:
    vectors = embedder().embed([question, *passages])
    # Rounded, so that another machine's last digit does not change what a model was asked.
    scores = [round(float(score), 4) for score in vectors[1:] @ vectors[0]]
    return sorted(range(len(passages)), key=lambda number: (-scores[number], number))


def _by_words(passages: Sequence[str], question: str) -> list[int]:
    """Rank by the words shared with the question, rare ones first; what shares none is left out."""
    wanted = set(_WORD.findall(question.lower()))
    found = [wanted & set(_WORD.findall(passage.lower())) for passage in passages]
    common = Counter(word for words in found for word in words)
    scores = [sum(1 / common[word] for word in sorted(words)) for words in found]
    ranked = sorted(range(len(passages)), key=lambda number: (-scores[number], number))
    return [number for number in ranked if scores[number] > 0]
