"""What a tenant learns over the API of its own standing on the platform."""
