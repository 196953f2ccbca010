"""Who wrote a text, said in the text: a small model on this machine writes poorly, and readers are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class WritesWith(Protocol):
    """What of an endpoint a note needs."""

    @property
    def model(self) -> str:
        """Say what it is called."""

    @property
    def small(self) -> bool:
        """Say whether it is too small to write well."""


def model_note(endpoints: Iterable[WritesWith]) -> str:
    """Return one line that names the models, with a warning when one of them is small."""
    used = list(endpoints)
    names = list(dict.fromkeys(endpoint.model for endpoint in used))
    if not names:
        return ""
    note = f"Written by {', '.join(names)}."
    if any(endpoint.small for endpoint in used):
        note += (
            " This is a small model that runs on the platform's own machine: expect poor writing and check every claim."
        )
    return note
