"""Templates by minijinja. Bounded in instructions (fuel) and output; not in memory: see the package's docstring."""

from __future__ import annotations

import re
from typing import Any

import minijinja

from nexod.kernel.sandbox.refusal import Refused

FUEL = 200_000
MAX_OUTPUT_BYTES = 1_000_000

_environment = minijinja.Environment(
    fuel=FUEL, undefined_behavior="lenient", trim_blocks=True, lstrip_blocks=True, debug=True
)
_environment.auto_escape_callback = lambda name: None
_environment.remove_global("debug")

FUNCTIONS = frozenset({"range", "dict", "namespace", "loop", "super", "self"})
"""Names that a template may use besides its values; minijinja reports them as undeclared."""

_SUBSCRIPT = re.compile(r"""\b(inputs|nodes|visits)\s*\[\s*(['"])([A-Za-z_]\w*)\2\s*\]""")
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def render(template: str, values: dict[str, Any]) -> str:
    """Return the text; raise Refused with the line for a template that cannot be rendered with these values."""
    try:
        text = _environment.render_str(template, "template", **values)
    except minijinja.TemplateError as error:
        raise Refused(_told(error)) from error
    if len(text.encode(errors="replace")) > MAX_OUTPUT_BYTES:
        raise Refused(f"The text is larger than {MAX_OUTPUT_BYTES:,} bytes.")
    return text


def names(template: str) -> list[str]:
    """Return the dotted names that the template takes from outside; raise Refused for a syntax error."""
    try:
        found = _environment.undeclared_variables_in_str(template, nested=True)
    except minijinja.TemplateError as error:
        raise Refused(_told(error)) from error
    tags = " ".join(_TAG.findall(template))
    subscripts = {f"{root}.{name}" for root, _, name in _SUBSCRIPT.findall(tags)}
    return sorted(found | subscripts)


def _told(error: minijinja.TemplateError) -> str:
    if error.message.startswith("panic"):
        raise MemoryError
    if error.kind == "OutOfFuel":
        return "It loops too often."
    line = f"line {error.line}: " if error.line else ""
    return f"{line}{error.detail or error.message}"
