"""What is wrong with how nodes fail: errors that nobody raises, and undos that could not be done."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module

from nexod.kernel.errors import NexodError
from workflows.definitions.document import ERROR_KINDS, Definition, Node
from workflows.nodes import registry
from workflows.nodes.base import Problem

RAISED_IN = (
    "agents.crew.errors",
    "agents.errors",
    "agents.tools.errors",
    "agents.knowledge.errors",
    "agents.llm.errors",
    "workflows.errors",
    "nexod.kernel.outgoing.errors",
    "workflows.nodes.errors",
)
"""Where the errors are that nodes raise; read only when a definition names one, for they are not needed otherwise."""


def failure_problems(definition: Definition) -> list[Problem]:
    """Return what is wrong with the retry policies and the undos of the nodes."""
    retries = [problem for node in definition.nodes for problem in _retry_problems(node)]
    touched = {end for edge in definition.edges for end in (edge.source, edge.target)} | {definition.start}
    undoing = [problem for node in definition.nodes if node.undo for problem in _undo(node, definition, touched)]
    return [*retries, *undoing, *_shared(definition), *_due_twice(definition)]


def _retry_problems(node: Node) -> Iterator[Problem]:
    for number, name in enumerate(node.retry.on):
        if name not in ERROR_KINDS and name not in (known := error_codes()):
            close = get_close_matches(name, [*ERROR_KINDS, *known], n=1)
            meant = f" Did you mean {close[0]!r}?" if close else f" There are {', '.join(ERROR_KINDS)}, and codes."
            yield Problem("unknown_error", f"No error is called {name!r}.{meant}", node.id, f"retry.on.{number}")


def error_codes() -> list[str]:
    """Return the codes of every error that a node can raise, as far as this process knows them."""
    _import_errors()
    found, waiting = set(), [NexodError]
    while waiting:
        kind = waiting.pop()
        found.add(kind.code)
        waiting.extend(kind.__subclasses__())
    return sorted(found)


@lru_cache(maxsize=1)
def _import_errors() -> None:
    for module in RAISED_IN:
        import_module(module)


def _undo(node: Node, definition: Definition, touched: set[str]) -> Iterator[Problem]:
    undo = definition.by_id.get(node.undo or "")
    if undo is None:
        yield Problem("unknown_node", f"There is no node {node.undo!r}.", node.id, "undo")
        return
    refusals = {
        f"The node {node.id!r} cannot undo itself.": undo is node,
        f"What undoes is not undone itself, and {undo.id!r} has an undo.": undo is not node and undo.undo is not None,
        f"{undo.id!r} undoes this node, so no edge may lead to it or from it, and the run may not start there.": (
            undo.id in touched
        ),
        f"A node of type {undo.type} cannot undo another one.": (
            registry.known(undo.type) and not registry.get(undo.type).may_undo
        ),
    }
    yield from (Problem("bad_undo", message, node.id, "undo") for message, refused in refusals.items() if refused)


def _due_twice(definition: Definition) -> Iterator[Problem]:
    """Yield the approvals that say by when in two places."""
    for node in definition.nodes:
        policy = node.config.get("policy") if node.type == "approval" else None
        if node.timeout_s is not None and isinstance(policy, dict) and "due" in policy:
            message = "The policy says by when it is decided: leave the time limit out."
            yield Problem("bad_config", message, node.id, "timeout_s")


def _shared(definition: Definition) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for node in definition.nodes:
        if node.undo is not None and owner.setdefault(node.undo, node.id) != node.id:
            message = f"{node.undo!r} undoes {owner[node.undo]!r} already; each node needs an undo of its own."
            yield Problem("bad_undo", message, node.id, "undo")
