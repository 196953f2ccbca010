"""Regular expressions that tenants write, by RE2: linear in the text, where Python's ``re`` can be made to hang a process."""

from __future__ import annotations

from functools import lru_cache

from cel_expr_python import cel


class PatternRefused(ValueError):
    """A pattern could not be read; the message is for the person who wrote it."""


def matches(text: str, pattern: str) -> bool:
    """Say whether ``text`` contains ``pattern``; raise PatternRefused for what RE2 does not know."""
    result = _matching().eval(data={"text": text, "pattern": pattern})
    if result.type() == cel.Type.ERROR:
        raise PatternRefused(str(result.value()).removeprefix("INVALID_ARGUMENT: "))
    return result.value() is True


@lru_cache(maxsize=1)
def _matching() -> cel.Expression:
    env = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})
    return env.compile("text.matches(pattern)")
