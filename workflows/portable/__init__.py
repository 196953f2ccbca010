"""Workflows as files: exported with the agents and crews that they use, read back in this tenant or in another."""

from workflows.portable.bundle import FORMAT, Bundle, bundle_schema, read, written

__all__ = ["FORMAT", "Bundle", "bundle_schema", "read", "written"]
