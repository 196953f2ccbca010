"""What a workflow's shared document means: a definition put into it, read out of it, and changed in it. Knows no database."""

from collaboration.crdt.shape.changing import apply
from collaboration.crdt.shape.merging import Conflict, conflicts, merged
from collaboration.crdt.shape.normal import normal
from collaboration.crdt.shape.reading import definition_of
from collaboration.crdt.shape.writing import seed

__all__ = ["Conflict", "apply", "conflicts", "definition_of", "merged", "normal", "seed"]
