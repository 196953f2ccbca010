"""Templates: text with ``{{ nodes.draft.text }}`` in it, by minijinja, bounded in time, memory and output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from nexod.kernel.sandbox import Refused, ask_child, named_values, templates
from workflows.errors import TextFailed

MAX_TEMPLATE = 64_000
MAX_DIRECT = 8_000
"""Characters that minijinja parses here; twice that in chained operators overflows its stack (measured with 8 MB)."""
MAX_DIRECT_PRINTS = 50

_PATH = r"[A-Za-z_]\w*(?:\.\w+|\[\d+\])*"
_FILTER = r"(?:\s*\|\s*(?:trim|upper|lower|title|length|tojson|default(?:\('[^'{}%]*'\))?))*"
_OPERAND = rf"(?:{_PATH}|\d+|'[^'{{}}%]*')"
_HARMLESS = re.compile(
    rf"\{{\{{-?\s*(?P<print>{_PATH}){_FILTER}\s*-?\}}\}}"
    rf"|\{{%-?\s*(?:if|elif)\s+(?:not\s+)?{_PATH}(?:\s*(?:==|!=|<=?|>=?)\s*{_OPERAND})?\s*-?%\}}"
    r"|\{%-?\s*(?:else|endif)\s*-?%\}"
)
_OPENER = re.compile(r"\{[{%#]")


class TemplateFailed(TextFailed):
    """A template could not be rendered."""

    code = "template_failed"


def render(template: str, values: dict[str, Any]) -> str:
    """Return the text of ``template`` for ``values`` (``inputs``, ``nodes``, ``visits``, ``run``).

    Raises TemplateFailed when it loops too often, takes over 5 s or 512 MB, gives over 1 MB or asks what is not there.
    """
    if not _OPENER.search(template):
        return template
    try:
        if is_harmless(template):
            return templates.render(template, values)
        return str(ask_child("render", template=template, values=named_values(names_in(template), values)))
    except Refused as refusal:
        raise TemplateFailed(f"A template could not be rendered: {refusal}", source=template) from refusal


@lru_cache(maxsize=512)
def names_in(template: str) -> frozenset[str]:
    """Return the dotted names that a template takes from outside; raise TemplateFailed for a syntax error."""
    if len(template) > MAX_TEMPLATE:
        raise TemplateFailed(
            f"A template may have at most {MAX_TEMPLATE:,} characters; this one has {len(template):,}."
        )
    if not _OPENER.search(template):
        return frozenset()
    try:
        return frozenset(templates.names(template) if len(template) <= MAX_DIRECT else _names_elsewhere(template))
    except Refused as refusal:
        raise TemplateFailed(str(refusal)) from refusal


@lru_cache(maxsize=512)
def is_harmless(template: str) -> bool:
    """Say whether a template only prints and compares names, so that its cost is bounded by its values."""
    if len(template) > MAX_DIRECT or _OPENER.search(_HARMLESS.sub(" ", template)):
        return False
    return sum(1 for tag in _HARMLESS.finditer(template) if tag["print"]) <= MAX_DIRECT_PRINTS


def _names_elsewhere(template: str) -> Iterable[str]:
    names: list[str] = ask_child("names", template=template)
    return names
