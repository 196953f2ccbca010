"""What a person is asked about an effect of which nobody knows whether it happened."""

from __future__ import annotations

from nexod.kernel.run_port import Question
from workflows.models import Effect

DECISIONS = ("happened", "again", "fail")
INSTRUCTIONS = (
    "Look at the other side first. **It happened**: the run goes on, and does not do it again; tell the result, as JSON, if "
    "later steps need it. **Do it again**: it is done once more. **Give up**: the step fails."
)


def question_about(effect: Effect, step: str) -> Question:
    """Return the question; ``step`` is what people call the step."""
    begun = f" at {effect.started_at:%H:%M:%S} UTC on {effect.started_at:%d %B %Y}" if effect.started_at else ""
    why = (effect.error or {}).get("message", "") or "The worker stopped before an answer came."
    lines = [
        f"The step **{_plain(step)}** began this{begun}, and nobody knows whether it happened:",
        f"`{_code(f'{effect.name} {effect.about}')}`",
        _plain(why),
        "It is not declared safe to repeat, so it was not done again.",
    ]
    return Question(
        title=f"Did it happen? {effect.name}"[:200],
        content="\n\n".join(lines),
        instructions=INSTRUCTIONS,
        decisions=DECISIONS,
        key=f"effect:{effect.id}",
    )


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def _plain(text: str) -> str:
    """Return the text without what Markdown would read as its own."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>#|!" else character for character in text)
