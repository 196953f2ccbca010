"""Definition documents: read, parsed, validated, described. Nothing here imports a model, an engine or Django."""

from workflows.definitions.document import FORMAT, Definition, Edge, Limits, Node, Retry
from workflows.definitions.inputs import InputsInvalid, prepared_inputs
from workflows.definitions.problems import DefinitionInvalid, described
from workflows.definitions.published import definition_schema
from workflows.definitions.validation import parse, validate, validated

__all__ = [
    "FORMAT",
    "Definition",
    "DefinitionInvalid",
    "Edge",
    "InputsInvalid",
    "Limits",
    "Node",
    "Retry",
    "definition_schema",
    "described",
    "parse",
    "prepared_inputs",
    "validate",
    "validated",
]
