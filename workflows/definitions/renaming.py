"""A node gets another id: every edge, undo and map that names it, and every template and expression, follows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from nexod.kernel.errors import InvalidInput
from workflows.definitions.configs import config_problems
from workflows.definitions.document import MAP, NODE_ID, Node
from workflows.definitions.editing import node_of
from workflows.definitions.validation import RESERVED
from workflows.errors import TextFailed
from workflows.expressions import names_in as names_in_expression
from workflows.nodes import registry
from workflows.rendering import names_in as names_in_template

Json = dict[str, Any]
_ROOTS = ("nodes", "visits")
_TAG = re.compile(r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*raw\b")
_TEXT = (
    r"(?P<text>//[^\n]*|[bB]?[rR](?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"]*\"|'[^']*')"
    r"|[bB]?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'))"
)
_TAG_TEXT = r"(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"


def renamed(document: Json, node: str, to: str) -> Json:
    """Return the document where that node is called ``to``; raise InvalidInput when it cannot be, with what stands in the way.

    Runs that were begun keep the id that their own definition has, and so do the outputs that were pinned for them.
    """
    _require_free(document, node, to)
    nodes = [_node(found, node, to) for found in document["nodes"]]
    edges = [
        {name: to if name in ("from", "to") and end == node else end for name, end in edge.items()}
        for edge in document.get("edges", [])
    ]
    start = to if document.get("start") == node else document.get("start")
    return {**document, "start": start, "nodes": nodes, "edges": edges}


def _require_free(document: Json, node: str, to: str) -> None:
    if node_of(document, node) is None:
        raise _refused(f"There is no node {node!r}.")
    if not re.match(NODE_ID, to):
        raise _refused("A name has letters, digits and _, begins with a letter, and has 60 characters at most.")
    if to in RESERVED:
        raise _refused(f"{to!r} is a word of the expression language; choose another name.")
    if to != node and node_of(document, to) is not None:
        raise _refused(f"Another node is called {to!r} already.")


def _node(found: Json, node: str, to: str) -> Json:
    changed = {**found, "id": to} if found["id"] == node else dict(found)
    if changed.get("undo") == node:
        changed["undo"] = to
    config = changed.get("config")
    if not isinstance(config, dict):
        return changed
    if changed.get("type") == MAP and config.get("each") == node:
        config = {**config, "each": to}
    return {**changed, "config": _rewritten(found, config, node, to)}


def _rewritten(found: Json, config: Json, node: str, to: str) -> Json:
    """Return the config with the name changed in all of its templates and expressions."""
    kind = registry.get(found["type"]) if registry.known(str(found.get("type", ""))) else None
    if kind is None or config_problems(Node(id="a", type=kind.type, config=config)):
        if re.search(rf"\b{node}\b", json.dumps(config)):
            raise _refused(f"The node {found['id']!r} may name it, and cannot be read; repair that one first.")
        return config
    for at, text in kind.templates(config).items():
        config = _set(config, at, _in_template(text, node, to, found["id"]))
    for at, expression in kind.expressions(config).items():
        config = _set(config, at, _in_expression(expression.source, node, to, found["id"]))
    return config


def _in_template(text: str, node: str, to: str, where: str) -> str:
    name = re.compile(rf"{_subscript(node)}|{_TAG_TEXT}|{_dotted(node)}", re.DOTALL)
    new = _TAG.sub(lambda tag: tag[0] if _RAW.match(tag[0]) else _renaming(name, tag[0], to), text)
    try:
        _require_same(names_in_template(text), names_in_template(new), node, to, where, is_new=new != text)
    except TextFailed as error:
        raise _refused(f"A template of {where!r} cannot be read: {error.message}") from error
    return new


def _in_expression(text: str, node: str, to: str, where: str) -> str:
    name = re.compile(rf"{_subscript(node)}|{_TEXT}|{_dotted(node)}", re.DOTALL)
    new = _renaming(name, text, to)
    _require_same(names_in_expression(text), names_in_expression(new), node, to, where, is_new=new != text)
    return new


def _dotted(node: str) -> str:
    return rf"(?P<dotted>(?<![\w.])(?:{'|'.join(_ROOTS)})\s*\.\s*\??\s*){node}(?!\w)"


def _subscript(node: str) -> str:
    return rf"(?P<open>(?<![\w.])(?:{'|'.join(_ROOTS)})\s*\[\s*\??\s*(?P<quote>['\"])){node}(?=(?P=quote)\s*\])"


def _renaming(name: re.Pattern[str], text: str, to: str) -> str:
    return name.sub(lambda hit: hit[0] if hit["text"] else f"{hit['dotted'] or hit['open']}{to}", text)


def _require_same(before: Iterable[str], after: Iterable[str], node: str, to: str, where: str, *, is_new: bool) -> None:
    """Refuse where the text would not name the same things afterwards, or names what only looks like the node."""
    wanted = {_name(name, node, to) for name in before}
    if wanted != set(after) or is_new == (wanted == set(before)):
        raise _refused(
            f"A text of {where!r} names it in a way that cannot be rewritten; change that one by hand first."
        )


def _name(name: str, node: str, to: str) -> str:
    root, *rest = name.split(".")
    return ".".join([root, to, *rest[1:]]) if root in _ROOTS and rest[:1] == [node] else name


def _set(part: Any, at: str, text: str) -> Any:
    """Return the config with that text at a dotted place, whose names may have dots themselves."""
    if isinstance(part, list):
        number, _, rest = at.partition(".")
        return [_inside(item, rest, text) if str(n) == number else item for n, item in enumerate(part)]
    found = next((key for key in part if at == key or at.startswith(f"{key}.")), None)
    if found is None:
        raise _refused(f"There is no text at {at}.")
    return {**part, found: _inside(part[found], at[len(found) + 1 :], text)}


def _inside(part: Any, rest: str, text: str) -> Any:
    return _set(part, rest, text) if rest else text


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message)
