"""JSON Schema: what came out has a certain form."""

from __future__ import annotations

from workflows.evals.scorers.base import FIELD, MISSING, CannotScore, Json, Mark, Scored, Scorer, closed, part
from workflows.schemas import SchemaRefused, complaints, usable


class JsonSchema(Scorer):
    """1 when it conforms, else 0."""

    type = "json_schema"
    title = "JSON Schema"
    description = "The outputs, or one field of them, conform to a schema."
    schema = closed({"field": FIELD, "schema": {"type": "object", "title": "JSON Schema"}}, ("schema",))

    def problems(self, config: Json) -> list[str]:
        found = super().problems(config)
        if not found:
            try:
                usable(config["schema"])
            except SchemaRefused as refusal:
                found.append(f"schema: {refusal}")
        return found

    def mark(self, scored: Scored, config: Json) -> Mark:
        given = part(scored.output, config.get("field", ""))
        if given is MISSING:
            raise CannotScore(f"The outputs have no {config['field']}.")
        wrong = complaints(given, usable(config["schema"]))
        told = "; ".join(f"{item['field'] or 'value'}: {item['message']}" for item in wrong[:3])
        return Mark(0.0 if wrong else 1.0, told)
