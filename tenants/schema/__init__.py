"""Schemas as things: made from the template, granted to their role, migrated. Runs over the ``owner`` connection only."""

OWNER = "owner"
