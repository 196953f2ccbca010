"""The database backend: two walls, the search_path and a role per tenant, set in one round trip."""
