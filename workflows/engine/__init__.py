"""Executes definitions with LangGraph, in workers only: importing its modules costs seconds, so import them inside functions."""

from __future__ import annotations

import os

# Before anything imports LangGraph: without it a checkpoint's bytes may name any callable, which is then imported and called.
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
