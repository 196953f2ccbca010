"""Guardrails in words, for people who look at a crew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def in_words(guardrail: Mapping[str, Any]) -> str:
    """Return the guardrail as half a sentence."""
    match guardrail.get("kind"):
        case "words":
            return "; ".join([*_lengths(guardrail), *_texts(guardrail)])
        case "cel":
            return f"{guardrail['expression']} holds"
        case "schema":
            return "JSON of a given form"
        case "model":
            return f"a model judges: {guardrail['rubric']}"
    return "unknown"


def _lengths(guardrail: Mapping[str, Any]) -> list[str]:
    found = []
    for unit in ("words", "characters"):
        low, high = guardrail.get(f"min_{unit}"), guardrail.get(f"max_{unit}")
        if low is not None and high is not None:
            found.append(f"{low:,} to {high:,} {unit}")
        elif low is not None:
            found.append(f"at least {low:,} {unit}")
        elif high is not None:
            found.append(f"at most {high:,} {unit}")
    return found


def _texts(guardrail: Mapping[str, Any]) -> list[str]:
    said = {"must": "says", "must_not": "never says"}
    return [
        f"{verb} {', '.join(f'“{text}”' for text in guardrail[name])}"
        for name, verb in said.items()
        if guardrail.get(name)
    ]
