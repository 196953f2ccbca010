"""Drafts of workflows as shared documents: begun from the row, settled into it, changed from elsewhere."""
