"""JSON for reading: objects and lists fold, long texts wrap. Everything is escaped; sizes are bounded."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

OPEN_LEVELS = 2
MAX_ITEMS = 200
MAX_TEXT = 20_000
MAX_LEVELS = 20


def render(value: Any, *, level: int = 0) -> SafeString:
    """Return the value as nested HTML lists, the first levels unfolded."""
    if isinstance(value, dict | list) and value and level < MAX_LEVELS:
        return _container(value, level)
    return _leaf(value)


def _container(value: dict[str, Any] | list[Any], level: int) -> SafeString:
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    shown = ((key, render(item, level=level + 1)) for key, item in pairs[:MAX_ITEMS])
    rows = format_html_join("", "<li><span class=nx-json-key>{}</span>{}</li>", shown)
    rest = format_html("<li>… {} more</li>", len(pairs) - MAX_ITEMS) if len(pairs) > MAX_ITEMS else ""
    inside = format_html("<ul class=nx-json>{}{}</ul>", rows, rest)
    if level == 0:
        return inside
    kind = "field" if isinstance(value, dict) else "item"
    label = f"{len(pairs)} {kind}{'' if len(pairs) == 1 else 's'}"
    opened = " open" if level < OPEN_LEVELS and len(pairs) <= 12 else ""
    return format_html("<details{}><summary>{}</summary>{}</details>", opened, label, inside)


def _leaf(value: Any) -> SafeString:
    if value == "":
        return format_html("<i>{}</i>", "empty")
    if isinstance(value, str):
        return format_html("<span class=nx-json-text>{}</span>", _cut(value))
    return format_html("<code>{}</code>", _cut(json.dumps(value)))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
