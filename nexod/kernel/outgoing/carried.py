"""What a request carries that nobody may read: put in just before it is sent, and taken out of whatever comes back."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
SHORTEST = 8
"""Characters that a secret has at least: a shorter one could not be told from any other text of an answer."""


@dataclass(frozen=True)
class Carried:
    """Headers and query parameters of one request, and the ``texts`` in them that are secret wherever they stand."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)

    def put_into(self, request: Any) -> Any:
        """Return the httpx request with what it carries; the given one stays as it was."""
        if not self.headers and not self.query:
            return request
        names = {name.lower() for name in self.headers}
        kept = [(name, value) for name, value in request.headers.multi_items() if name.lower() not in names]
        url = request.url.copy_merge_params(self.query) if self.query else request.url
        headers = [*kept, *self.headers.items()]
        return type(request)(request.method, url, headers=headers, content=request.content)

    def hidden_in(self, value: Any) -> Any:
        """Return a JSON value without the secrets: also where they are encoded as requests and answers encode texts."""
        if self._secret is None:
            return value
        if isinstance(value, str):
            return self._secret.sub(HIDDEN, value)
        if isinstance(value, dict):
            return {self.hidden_in(name): self.hidden_in(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.hidden_in(part) for part in value]
        if isinstance(value, int | float) and self._secret.search(str(value)):
            return HIDDEN
        return value

    @cached_property
    def _secret(self) -> re.Pattern[str] | None:
        written = {form for text in self.texts if text for form in _forms(text)}
        ordered = sorted(written, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None


NOTHING = Carried()


def _forms(text: str) -> Iterator[str]:
    """Return the text as it is, and as URLs, JSON, HTML and headers write it."""
    yield text
    yield from (quote(text, safe=""), quote(text), quote_plus(text), html.escape(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    for encoded in (base64.b64encode(text.encode()), base64.urlsafe_b64encode(text.encode())):
        yield encoded.decode().rstrip("=")
