"""Agents, crews and knowledge bases as shared documents: what people write together until somebody saves it."""
