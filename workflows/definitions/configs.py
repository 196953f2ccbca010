"""Whether each node's config fits its type's JSON Schema, told so that people understand it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry

from workflows.definitions.document import Node
from workflows.nodes import registry
from workflows.nodes.base import Problem
from workflows.schemas import shortened


def config_problems(node: Node) -> list[Problem]:
    """Return what in the node's config does not fit its type, which must be known."""
    found = (problem for error in _validator(node.type).iter_errors(node.config) for problem in _told(error, node.id))
    return list(dict.fromkeys(found))


@lru_cache(maxsize=64)
def _validator(type_: str) -> Any:
    return Draft202012Validator(dict(registry.get(type_).schema), registry=Registry())


def _told(error: Any, node: str) -> list[Problem]:
    path = ".".join(["config", *(str(step) for step in error.absolute_path)])
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return [Problem("bad_config", "This field is required.", node, f"{path}.{name}") for name in missing]
    if error.validator == "additionalProperties" and error.validator_value is False:
        extra = sorted(set(error.instance) - set(error.schema["properties"]))
        return [Problem("bad_config", "There is no such field.", node, f"{path}.{name}") for name in extra]
    if error.validator == "oneOf":
        return [Problem("bad_config", "This fits none of the forms that are allowed here.", node, path)]
    if error.validator in ("minLength", "minItems", "minProperties"):
        return [Problem("bad_config", "This must not be empty.", node, path)]
    return [Problem("bad_config", f"{shortened(error.message)}.", node, path)]
