"""Executes definitions with LangGraph, in workers only: importing it costs seconds, so import its modules inside functions."""
