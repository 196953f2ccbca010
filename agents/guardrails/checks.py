"""Holds a result to one guardrail. What a guardrail of a kind refuses is a sentence that the agent can act on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agents.llm.structured import DoesNotFit, parsed
from nexod.kernel.sandbox import Refused, holds

Guardrail = Mapping[str, Any]
Judge = Callable[[str, str], str]
"""Called with rubric and text; returns why the text does not pass, or nothing."""


def refusal(guardrail: Guardrail, text: str, judge: Judge) -> str:
    """Return why ``text`` does not satisfy the guardrail, or "" when it does."""
    why = _CHECKS[guardrail["kind"]](guardrail, text, judge)
    return (guardrail.get("message") or why) if why else ""


def _words(guardrail: Guardrail, text: str, judge: Judge) -> str:
    for unit, count in (("words", len(text.split())), ("characters", len(text))):
        if count < guardrail.get(f"min_{unit}", 0):
            return f"It has {count:,} {unit}; at least {guardrail[f'min_{unit}']:,} are wanted."
        if count > guardrail.get(f"max_{unit}", count):
            return f"It has {count:,} {unit}; at most {guardrail[f'max_{unit}']:,} are wanted."
    flat = text.casefold()
    if missing := [each for each in guardrail.get("must", ()) if each.casefold() not in flat]:
        return f"It does not say {_listed(missing)}."
    if present := [each for each in guardrail.get("must_not", ()) if each.casefold() in flat]:
        return f"It says {_listed(present)}, which it must not."
    return ""


def _cel(guardrail: Guardrail, text: str, judge: Judge) -> str:
    result = {"text": text, "data": _data(text), "words": len(text.split()), "characters": len(text)}
    try:
        fits = holds(guardrail["expression"], {"result": result})
    except Refused as refused:
        return f"The rule `{guardrail['expression']}` cannot be told of it: {refused}."
    return "" if fits else f"The rule `{guardrail['expression']}` does not hold."


def _schema(guardrail: Guardrail, text: str, judge: Judge) -> str:
    try:
        parsed(text, guardrail["schema"])
    except DoesNotFit as problem:
        return f"It is not JSON of the form that is wanted: {problem}"
    return ""


def _model(guardrail: Guardrail, text: str, judge: Judge) -> str:
    return judge(guardrail["rubric"], text)


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _listed(texts: list[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


_CHECKS: dict[str, Callable[[Guardrail, str, Judge], str]] = {
    "words": _words,
    "cel": _cel,
    "schema": _schema,
    "model": _model,
}
