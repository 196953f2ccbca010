"""A folder of this machine as documents: which of its files can be read, and what became of each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agents.knowledge.parsing.formats import SUFFIXES


@dataclass
class Summary:
    """Files by what became of them, and the reasons of those that were refused."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, name: str, reason: str) -> None:
        """Note a file that was not taken."""
        self.counts["refused"] += 1
        self.refused.append((name, reason))


def files_in(folder: Path, skip: Callable[[Path], object] = lambda path: None) -> Iterator[Path]:
    """Give the files that have a parser, in the order of their names; ``skip`` is told the others.

    Hidden ones are left out, and links are not followed: what they lead to may be anywhere.
    """
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            if path.suffix.lower() in SUFFIXES:
                yield path
            else:
                skip(path)
