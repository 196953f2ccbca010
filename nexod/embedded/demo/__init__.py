"""The demo: two tenants are provisioned, then the public API is used as any client would use it."""
