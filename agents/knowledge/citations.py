"""Are an answer's citations true? Each must have been retrieved, and what it stands by must be in the passage, by its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Problem = Literal["", "not_retrieved", "not_supported"]
SUPPORTED = 0.4
"""Share of a sentence's words of substance that a passage must hold to count as its source."""
LONGEST_SENTENCE = 300

_NAME = re.compile(r"D\d{1,12}")
_REF = re.compile(r"[\[\u3010]D\d{1,12}(?:\s{0,3}[,;\u3001]\s{0,3}D\d{1,12}){0,50}[\]\u3011]")
"""``[D1]``, ``[D1, D2]``, and the brackets that some models write instead."""
_SENTENCE = re.compile(r"(?<=[.!?…\u3002\uff01\uff1f])(?:\s+(?![\[\u3010]D\d)|(?=[^\s\[\u3010\"')\]]))|\n+")
_WORD = re.compile(r"[^\W_]+(?:[.,][^\W_]+)*")
# Thai, Lao, Burmese, Khmer, kana, Han, Hangul: no spaces between words, or words that hold more than one.
_DENSE = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
_RUN = re.compile(f"({_DENSE})")
# fmt: off
_EMPTY = frozenset((
    "a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had",
    "has", "have", "he", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "may",
    "might", "more", "most", "must", "no", "nor", "not", "of", "on", "once", "only", "or", "other", "our", "out", "over",
    "own", "same", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "those", "through", "to", "too", "under", "until", "up", "upon", "very", "was", "we", "were", "what",
    "when", "where", "which", "while", "who", "whom", "why", "will", "with", "would", "you", "your",
))
# fmt: on
_ENDINGS = (
    *("ations", "ation", "ingly", "ments", "ment", "ness", "ings", "edly"),
    *("ing", "ies", "ied", "ers", "est", "ed", "es", "er", "ly", "s"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that was retrieved under some name."""

    chunk_id: int
    document_id: str
    title: str
    heading: str
    page: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """One citation of an answer: which passage it resolves to, and what is wrong with it."""

    ref: str
    sentence: str
    problem: Problem
    overlap: float
    source: Source | None


def checked(answer: str, sources: Mapping[str, Sequence[Source]]) -> list[Citation]:
    """Return every citation of ``answer``, in order, checked against what was retrieved under its name."""
    return [
        _checked(ref, sentence, sources.get(ref, ())) for sentence in _sentences(answer) for ref in names_in(sentence)
    ]


def cites(answer: str) -> bool:
    """Say whether the answer cites anything."""
    return _REF.search(answer) is not None


def names_in(text: str) -> list[str]:
    """Return the names that ``text`` cites, each once, in its order."""
    return list(dict.fromkeys(name for group in _REF.findall(text) for name in _NAME.findall(group)))


def _checked(ref: str, sentence: str, sources: Sequence[Source]) -> Citation:
    said = _REF.sub("", sentence).strip()
    shown = said[:LONGEST_SENTENCE]
    if not sources:
        return Citation(ref, shown, "not_retrieved", 0.0, None)
    overlap, source = max(((_overlap(said, one), one) for one in sources), key=lambda pair: pair[0])
    return Citation(ref, shown, "" if overlap >= SUPPORTED else "not_supported", round(overlap, 3), source)


def _overlap(sentence: str, source: Source) -> float:
    """Return the share of the sentence's words that the passage, its title or its headings hold; 1 where it has none."""
    words = set(_words(sentence))
    there = set(_words(f"{source.title} {source.heading} {source.text}"))
    return len(words & there) / len(words) if words else 1.0


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.lower()):
        for place, part in enumerate(_RUN.split(word)):
            if place % 2:
                yield from _pairs(part)
            elif part and part not in _EMPTY:
                yield _stem(part)


def _pairs(run: str) -> Iterator[str]:
    """Give each two neighbouring signs, which stand for words where nothing parts them."""
    return (run[at : at + 2] for at in range(max(1, len(run) - 1)))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _sentences(text: str) -> Iterator[str]:
    """Give the sentences; a citation behind a full stop belongs to the sentence before it."""
    return (part for part in _SENTENCE.split(text) if part.strip())
