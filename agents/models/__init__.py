"""Tables of what can think."""

from agents.models.agent import Agent
from agents.models.connection import ModelConnection
from agents.models.crew import Crew, CrewTask
from agents.models.document import Chunk, Document
from agents.models.knowledge_base import KnowledgeBase

__all__ = ["Agent", "Chunk", "Crew", "CrewTask", "Document", "KnowledgeBase", "ModelConnection"]
