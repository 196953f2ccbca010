"""Contains: certain texts are in what came out, or are not."""

from __future__ import annotations

from workflows.evals.scorers.base import (
    FIELD,
    MISSING,
    CannotScore,
    Json,
    Mark,
    Scored,
    Scorer,
    as_text,
    closed,
    part,
    short,
)

_TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 2000}, "maxItems": 50}


class Contains(Scorer):
    """The share of the texts that are there; 0 as soon as a forbidden one is."""

    type = "contains"
    title = "Contains"
    description = "Texts that have to be in the outputs: these, or else what the case expects."
    schema = closed(
        {
            "field": FIELD,
            "texts": {**_TEXTS, "title": "Texts (without any: what the case expects)"},
            "forbidden": {**_TEXTS, "title": "Texts that must not be there"},
            "ignore_case": {"type": "boolean", "title": "Ignore case", "default": True},
        }
    )

    def mark(self, scored: Scored, config: Json) -> Mark:
        given = part(scored.output, config.get("field", ""))
        if given is MISSING or given is None:
            raise CannotScore(f"The outputs have no {config.get('field') or 'value'}.")
        fold = config.get("ignore_case", True)
        text = _folded(as_text(given), fold)
        for forbidden in config.get("forbidden", []):
            if _folded(forbidden, fold) in text:
                return Mark(0.0, f"{short(forbidden)} is there")
        wanted = config.get("texts") or ([] if config.get("forbidden") else _expected(scored, config))
        missing = [one for one in wanted if _folded(one, fold) not in text]
        told = f"{short(missing[0])} is missing" if missing else ""
        return Mark(1.0 - len(missing) / len(wanted) if wanted else 1.0, told)


def _folded(text: str, fold: bool) -> str:
    return text.casefold() if fold else text


def _expected(scored: Scored, config: Json) -> list[str]:
    expected = scored.expected
    if isinstance(expected, dict):
        expected = part(expected, config.get("field", ""))
    if expected is MISSING or expected in (None, "", [], {}):
        raise CannotScore("The case does not say what is expected.")
    if isinstance(expected, dict):
        expected = list(expected.values())
    return [as_text(item) for item in expected] if isinstance(expected, list) else [as_text(expected)]
