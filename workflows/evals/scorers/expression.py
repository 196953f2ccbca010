"""CEL: an expression over what came out, what was expected and what it used."""

from __future__ import annotations

from nexod.kernel.sandbox import Refused, complaint, value_of
from workflows.evals.scorers.base import CannotScore, Json, Mark, Scored, Scorer, closed, short

NAMES = ("inputs", "output", "expected", "totals")


class Cel(Scorer):
    """True is 1 and false 0; a number from 0 to 1 is the score itself."""

    type = "cel"
    title = "Expression (CEL)"
    description = (
        "True, false or a number from 0 to 1, over inputs, output, expected and totals (cost_usd, seconds, tokens_in…)."
    )
    schema = closed(
        {"expression": {"type": "string", "title": "Expression", "minLength": 1, "maxLength": 1000}}, ("expression",)
    )

    def problems(self, config: Json) -> list[str]:
        found = super().problems(config)
        wrong = "" if found else complaint(config["expression"], *NAMES, gives_bool=False)
        return [*found, f"expression: {wrong}"] if wrong else found

    def mark(self, scored: Scored, config: Json) -> Mark:
        expression = config["expression"]
        values = {name: getattr(scored, name) for name in NAMES} | {"totals": dict(scored.totals)}
        try:
            value = value_of(expression, values)
        except Refused as refusal:
            raise CannotScore(f"{short(expression)} failed: {refusal}") from refusal
        if isinstance(value, bool):
            return Mark(float(value), "" if value else f"not {short(expression)}")
        if isinstance(value, int | float) and 0 <= value <= 1:
            return Mark(float(value), f"{short(expression)} gives {value:g}")
        raise CannotScore(f"{short(expression)} gives {short(value)}: neither true nor false nor a number from 0 to 1.")
