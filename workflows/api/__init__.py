"""Workflows, runs and what comes of them over the REST API: thin; every write is one action."""
