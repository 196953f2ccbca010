"""What can be said of a request's credential when a definition is saved: it goes to its own hosts, and overrides nothing."""

from __future__ import annotations

import re

from workflows.nodes.base import CheckedNode, Problem, References

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_ORIGIN = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]*[/?#]")


def problems(node: CheckedNode, references: References) -> list[Problem]:
    """Return what does not fit; of an address whose host is known in the run only, the run says so."""
    named = node.config.get("credential")
    found = references.credential(named) if named else None
    if found is None:
        return []
    wrong = [
        Problem("bad_config", message, node.id, f"config.{field}")
        for field, message in found.clashes(node.config.get("headers", {}), node.config.get("query", {}))
    ]
    if url := literal_origin(node.config["url"]):
        from agents.credentials.hosts import place_of

        place = place_of(url)
        if place is not None and (why := found.refusal(place)):
            wrong.append(Problem("credential_host", why, node.id, "config.credential"))
    return wrong


def literal_origin(template: str) -> str:
    """Return the address up to its host where no template is in that, else an empty text."""
    mark = _TEMPLATE.search(template)
    if mark is None:
        return template
    origin = _ORIGIN.match(template[: mark.start()])
    return origin[0] if origin else ""
