"""What of a conversation a model gets to read when there is more than it can."""
