"""What definitions may know of a credential: everything but its value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.credentials.hosts import Place, admits, covers

if TYPE_CHECKING:
    from agents.models import Credential


@dataclass(frozen=True, slots=True)
class Facts:
    """One credential; ``carries`` are the header and the query parameter that it sets, in lower case where that counts."""

    slug: str
    name: str
    hosts: tuple[str, ...]
    header: str
    parameter: str

    def refusal(self, place: Place) -> str:
        """Return why it is not sent there; empty when it is."""
        if admits(self.hosts, place):
            return ""
        return f"{self.name} is sent to {', '.join(self.hosts)} only, not to {place}."

    def uncovered(self, patterns: Iterable[str]) -> list[str]:
        """Return which of a tool's hosts it may not be sent to."""
        return [pattern for pattern in patterns if not covers(self.hosts, pattern)]

    def clashes(self, headers: Iterable[str], query: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield ``(field, message)`` of what a request sets itself that the credential sets too."""
        for name in headers:
            if self.header and name.lower() == self.header.lower():
                yield f"headers.{name}", f"{self.name} sets this header."
        for name in query:
            if self.parameter and name == self.parameter:
                yield f"query.{name}", f"{self.name} sets this parameter."


def facts_of(credential: Credential) -> Facts:
    """Return the facts of a row."""
    settings: Mapping[str, Any] = credential.settings
    header = {"query": "", "header": settings.get("header", "")}.get(credential.kind, "Authorization")
    parameter = settings.get("parameter", "") if credential.kind == "query" else ""
    return Facts(credential.slug, credential.name, tuple(credential.hosts), header, parameter)
