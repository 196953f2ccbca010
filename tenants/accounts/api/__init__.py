"""People, keys and oneself over the API."""
