"""The app's part of the REST API: thin; every write is one action."""
