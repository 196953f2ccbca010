"""Outgoing webhooks: what is told, how it is signed and sent, and when it is tried again."""
