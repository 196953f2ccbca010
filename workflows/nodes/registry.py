"""The node types by name. A new one is a file here and a line below."""

from __future__ import annotations

from nexod.kernel.errors import NotFound
from workflows.nodes.agent import AgentNode
from workflows.nodes.approval import ApprovalNode
from workflows.nodes.base import NodeType
from workflows.nodes.condition import ConditionNode
from workflows.nodes.crew import CrewNode
from workflows.nodes.email import EmailNode
from workflows.nodes.emit import EmitNode
from workflows.nodes.http import HttpNode
from workflows.nodes.join import JoinNode
from workflows.nodes.knowledge import KnowledgeNode
from workflows.nodes.llm import LlmNode
from workflows.nodes.loop import LoopNode
from workflows.nodes.map import MapNode
from workflows.nodes.note import NoteNode
from workflows.nodes.output import OutputNode
from workflows.nodes.switch import SwitchNode
from workflows.nodes.template import TemplateNode
from workflows.nodes.tool import ToolNode
from workflows.nodes.transform import TransformNode
from workflows.nodes.wait import WaitNode
from workflows.nodes.workflow import WorkflowNode

_TYPES: dict[str, NodeType] = {
    kind.type: kind
    for kind in (
        AgentNode(),
        CrewNode(),
        KnowledgeNode(),
        LlmNode(),
        ToolNode(),
        HttpNode(),
        ConditionNode(),
        SwitchNode(),
        LoopNode(),
        MapNode(),
        JoinNode(),
        TransformNode(),
        TemplateNode(),
        ApprovalNode(),
        EmailNode(),
        EmitNode(),
        WaitNode(),
        WorkflowNode(),
        OutputNode(),
        NoteNode(),
    )
}


def get(type_: str) -> NodeType:
    """Return the node type; raise NotFound for an unknown one."""
    try:
        return _TYPES[type_]
    except KeyError:
        raise NotFound(f"There is no node type {type_!r}; there are {', '.join(_TYPES)}.") from None


def all_types() -> list[NodeType]:
    """Return every node type, in the order in which people should meet them."""
    return list(_TYPES.values())


def known(type_: str) -> bool:
    """Say whether there is such a node type."""
    return type_ in _TYPES
