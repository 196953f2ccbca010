"""Which reply comes next: matched ones first, then the queue, then the default. Shared by the server's threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.model_server.examples import example
from tests.model_server.replies import Json, Reply, Status, Text
from tests.model_server.request import Matcher, Request


@dataclass(slots=True)
class _Rule:
    when: Matcher
    replies: list[Reply]
    forever: bool

    def next(self) -> Reply | None:
        """The next reply; the last one of a lasting rule stays."""
        if not self.replies:
            return None
        return self.replies[0] if self.forever and len(self.replies) == 1 else self.replies.pop(0)


class Script:
    """Rules in the order they were given; each request is answered by the first that matches and still has a reply."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.paths: list[str] = []
        self.listing: Status | None = None
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, *replies: Reply | str, when: Matcher | None, forever: bool) -> None:
        """Queue ``replies`` for requests that match ``when`` (all, when None)."""
        found: list[Reply] = [Text(reply) if isinstance(reply, str) else reply for reply in replies]
        with self._lock:
            self._rules.append(_Rule(when or (lambda request: True), found, forever))

    def reply_to(self, request: Request) -> Reply:
        """Record the request and return its reply."""
        with self._lock:
            self.requests.append(request)
            rules = sorted(self._rules, key=lambda rule: rule.forever)
            for rule in rules:
                if rule.when(request) and (reply := rule.next()) is not None:
                    return reply
        return default(request)

    def clear(self) -> None:
        """Forget every rule and every request."""
        with self._lock:
            self.requests.clear()
            self.paths.clear()
            self._rules.clear()
            self.listing = None


def default(request: Request) -> Reply:
    """Return a minimal instance of the schema, else a text that is the same for the same question."""
    if request.schema is not None:
        return Json(example(request.schema))
    return Text(f"A scripted answer to: {' '.join(request.last.split())[:80]}")
