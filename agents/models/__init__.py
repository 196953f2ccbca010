"""Tables of what can think."""

from agents.models.agent import Agent, AgentVersion
from agents.models.budget import Budget, BudgetHold, BudgetRaise, BudgetWindow
from agents.models.call import ModelCall, UsageDay
from agents.models.chunk import Chunk
from agents.models.connection import ModelConnection
from agents.models.credential import Credential
from agents.models.crew import Crew, CrewTask
from agents.models.document import Document, DocumentText
from agents.models.knowledge_base import KnowledgeBase
from agents.models.memory import Memory
from agents.models.sitemap import Sitemap
from agents.models.store import StoreConnection
from agents.models.tool_permission import ToolPermission
from agents.models.vectors import ChunkVector, VectorChange, VectorSpace
from agents.models.words import Posting, WordCount

__all__ = [
    "Agent",
    "AgentVersion",
    "Budget",
    "BudgetHold",
    "BudgetRaise",
    "BudgetWindow",
    "Chunk",
    "ChunkVector",
    "Credential",
    "Crew",
    "CrewTask",
    "Document",
    "DocumentText",
    "KnowledgeBase",
    "Memory",
    "ModelCall",
    "ModelConnection",
    "Posting",
    "Sitemap",
    "StoreConnection",
    "ToolPermission",
    "UsageDay",
    "VectorChange",
    "VectorSpace",
    "WordCount",
]
