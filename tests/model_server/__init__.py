"""A scripted model server on loopback that speaks the HTTP of OpenAI, Anthropic and more, so that the real client code runs."""

from __future__ import annotations

from tests.model_server.replies import (
    Cut,
    Declined,
    Drip,
    Garbage,
    Hang,
    Huge,
    Json,
    Redirect,
    Reply,
    Status,
    Text,
    ToolCall,
    ToolCalls,
)
from tests.model_server.request import Matcher, Request, asks_for, mentions, says_system
from tests.model_server.server import ModelServer

__all__ = [
    "Cut",
    "Declined",
    "Drip",
    "Garbage",
    "Hang",
    "Huge",
    "Json",
    "Matcher",
    "ModelServer",
    "Redirect",
    "Reply",
    "Request",
    "Status",
    "Text",
    "ToolCall",
    "ToolCalls",
    "asks_for",
    "mentions",
    "says_system",
]
