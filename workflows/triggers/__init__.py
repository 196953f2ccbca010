"""What can start a workflow by itself, one kind per file. Nothing here writes: that is workflows.actions.triggers and firings."""
