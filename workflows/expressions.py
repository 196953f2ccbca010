"""Expressions: CEL over ``inputs``, ``nodes``, ``visits`` and ``run``; checked when saved, evaluated in a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from cel_expr_python.cel import Env, Type

from nexod.kernel.sandbox import Refused, ask_child, cel, named_values
from workflows.errors import TextFailed

MAX_EXPRESSION = 1_000

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*)"
    r"|(?P<text>[bB]?[rR](?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"]*\"|'[^']*')"
    r"|[bB]?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'))"
    r"|[A-Za-z_]\w*|.",
    re.DOTALL,
)
"""Comments, strings (raw ones have no escapes), words: as far as CEL's lexer matters for finding calls and names."""
_CALL = re.compile(r"(\w+)\s*\(")
_CHEAP = frozenset({"size", "int", "double", "string", "bool", "has", "startsWith", "endsWith", "orValue", "in"})
_NUMBERS_DIFFER = re.compile(r"applied to '\((?:int, double|double, int)\)'")
_NAME = re.compile(r"(?<![\w.])(inputs|nodes|visits|run)\b((?:\s*\.\s*\??\s*[A-Za-z_]\w*)*)\s*(\()?")
_SUBSCRIPT = re.compile(r"""(?<![\w.])(inputs|nodes|visits|run)\s*\[\s*\??\s*(['"])([A-Za-z_]\w*)\2\s*\]""")


class ExpressionFailed(TextFailed):
    """An expression could not be evaluated."""

    code = "expression_failed"


def evaluate(expression: str, values: dict[str, Any]) -> Any:
    """Return the JSON value of ``expression`` for ``values`` (``inputs``, ``nodes``, ``visits``, ``run``).

    Raises ExpressionFailed when it names what is not there, does not fit the types, or costs too much.
    """
    try:
        if len(expression) > MAX_EXPRESSION:
            raise Refused(f"it has over {MAX_EXPRESSION:,} characters")
        needed = named_values(names_in(expression), values)
        if is_cheap(expression):
            return cel.evaluate(expression, needed)
        return ask_child("evaluate", expression=expression, values=needed)
    except Refused as refusal:
        raise _failed(expression, f"failed: {refusal}") from refusal


def truth(expression: str, values: dict[str, Any]) -> bool:
    """Return whether ``expression`` holds; raise ExpressionFailed when it gives anything but true or false."""
    value = evaluate(expression, values)
    if not isinstance(value, bool):
        raise _failed(expression, f"gives {_named(value)}, not true or false.")
    return value


def strings(expression: str, values: dict[str, Any]) -> list[str]:
    """Return the list of strings that ``expression`` gives, each once; raise ExpressionFailed for anything else."""
    value = evaluate(expression, values)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _failed(expression, f"gives {_named(value)}, not a list of strings.")
    return list(dict.fromkeys(value))


def _failed(expression: str, why: str) -> ExpressionFailed:
    return ExpressionFailed(f"The expression {_short(expression)} {why}", source=expression)


class Checker:
    """Checks expressions against the types of dotted names, given as CEL signatures (``int``, ``list<string>``)."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types

    def complaint(self, expression: str, gives: str = "any") -> str:
        """Return why ``expression`` is not valid, or "" when it is; ``gives`` is any, or one of ``GIVES``."""
        if len(expression) > MAX_EXPRESSION:
            return f"An expression may have at most {MAX_EXPRESSION:,} characters; this one has {len(expression):,}."
        try:
            found = self._type_of(expression)
        except Refused as refusal:
            return f"The expression is not valid: {refusal}."
        if gives == "any" or found.name().startswith((*_KINDS[gives], *_UNKNOWN)):
            return ""
        return f"The expression must give {GIVES[gives]}; this one gives {found.name().lower()}."

    def _type_of(self, expression: str) -> Type:
        if "has" in _CALL.findall(expression):  # the checker takes has(a.b) of a declared name for its value
            return cel.compiled(expression, cel.untyped()).return_type()
        try:
            return cel.compiled(expression, self._strict).return_type()
        except Refused as refusal:
            if not _NUMBERS_DIFFER.search(str(refusal)):
                raise
        # 5 < 6.5 holds in a run; only the checker refuses to compare the two kinds of numbers.
        return cel.compiled(expression, self._without_integers).return_type()

    @cached_property
    def _strict(self) -> Env:
        return cel.environment({name: Type(signature) for name, signature in self.types.items()})

    @cached_property
    def _without_integers(self) -> Env:
        kept = {name: Type(signature) for name, signature in self.types.items() if signature != "int"}
        return cel.environment(kept)


@lru_cache(maxsize=512)
def names_in(expression: str) -> frozenset[str]:
    """Return the dotted names that an expression takes, as far as they can be read off; a method's name is left out."""
    names = {f"{root}.{name}" for root, _, name in _SUBSCRIPT.findall(expression)}
    for root, path, call in _NAME.findall(_code(expression)):
        parts = re.findall(r"\w+", path)
        names.add(".".join([root, *(parts[:-1] if call else parts)]))
    return frozenset(names)


@lru_cache(maxsize=512)
def is_cheap(expression: str) -> bool:
    """Say whether an expression neither repeats nor matches patterns, so that its cost is bounded by its values."""
    return set(_CALL.findall(_code(expression))) <= _CHEAP


def _code(expression: str) -> str:
    """Return the expression without the inside of strings and without comments."""
    return _TOKEN.sub(lambda token: {"comment": " ", "text": "''"}.get(token.lastgroup or "", token[0]), expression)


GIVES = {
    "bool": "true or false",
    "strings": "a list of strings",
    "list": "a list",
    "number": "a number",
    "string": "a text",
    "object": "a map",
}
"""What an expression may have to give, in words."""
_KINDS = {
    "bool": ("BOOL",),
    "strings": ("LIST<STRING", "LIST<DYN"),
    "list": ("LIST",),
    "number": ("INT", "UINT", "DOUBLE"),
    "string": ("STRING", "BYTES", "TIMESTAMP", "DURATION"),
    "object": ("MAP",),
}
"""How the names of the types begin that it is then, in a run as JSON."""
_UNKNOWN = ("DYN", "optional")


def _named(value: Any) -> str:
    names = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "a map"}
    return names.get(type(value), "nothing")


def _short(expression: str) -> str:
    flat = " ".join(expression.split())
    return f"`{flat if len(flat) <= 80 else flat[:79] + '…'}`"
