"""The admin of what can think, on the tenants' site."""

from agents.admin import agents, connections, crews, documents, knowledge_bases

__all__ = ["agents", "connections", "crews", "documents", "knowledge_bases"]
