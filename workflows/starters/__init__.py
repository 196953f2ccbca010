"""Ready-made workflows that a tenant can install: the definition, and the agents, crews and knowledge bases it needs."""

from workflows.starters.registry import Starter, all_starters, get

__all__ = ["Starter", "all_starters", "get"]
