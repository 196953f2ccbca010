"""Ready-made agents and crews: the catalogue that tenants install from. What is installed is theirs to change."""

from agents.starters.registry import SLUGS, Starter, all_starters, get

__all__ = ["SLUGS", "Starter", "all_starters", "get"]
