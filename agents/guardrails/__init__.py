"""What a result must satisfy: of which kinds that is, whether one is well formed, and what it refuses, and why."""

from agents.guardrails.checks import refusal
from agents.guardrails.kinds import KINDS, MOST, complaints_of, documented
from agents.guardrails.words import in_words

__all__ = ["KINDS", "MOST", "complaints_of", "documented", "in_words", "refusal"]
