"""What the settings of tools name in the tenant, as their schemas say (``x-reference``), and the same tools with other names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.tools.errors import ToolGone
from agents.tools.registry import tool

Json = dict[str, Any]
REFERENCE = "x-reference"
CREDENTIAL = "credential"


def named_in_settings(name: str, settings: Any) -> Iterator[tuple[str, str, str]]:
    """Yield setting, kind and slug of everything that the settings of a tool name; of one that is gone nothing is known."""
    try:
        parts: Mapping[str, Json] = tool(name).settings.get("properties", {})
    except ToolGone:
        return
    for setting, part in parts.items():
        given = settings.get(setting) if isinstance(settings, dict) else None
        if REFERENCE in part and isinstance(given, str) and given:
            yield setting, part[REFERENCE], given


def named_by_tools(rows: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """Yield kind and slug of everything that the tools of an agent name."""
    for row in rows:
        for _, kind, slug in named_in_settings(row["tool"], row.get("settings")):
            yield kind, slug


def credentials_in(row: Json) -> list[str]:
    """Return the credentials that the settings of one tool of an agent name."""
    return [slug for _, kind, slug in named_in_settings(row["tool"], row.get("settings")) if kind == CREDENTIAL]


def tools_naming(rows: Sequence[Json], names: Mapping[str, Mapping[str, str]]) -> list[Json]:
    """Return the tools of an agent with ``names[kind][slug]`` instead of ``slug``."""
    return [{**row, **_settings(row, names)} for row in rows]


def _settings(row: Json, names: Mapping[str, Mapping[str, str]]) -> Json:
    if not isinstance(row.get("tool"), str):
        return {}  # the action says what is wrong with it
    settings = row.get("settings")
    new = {
        setting: names.get(kind, {}).get(slug, slug) for setting, kind, slug in named_in_settings(row["tool"], settings)
    }
    return {"settings": {**settings, **new}} if new and isinstance(settings, dict) else {}
