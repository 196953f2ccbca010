"""The API's manners on top of the kernel: error envelope, pages, idempotency, permissions, throttling, schema. Knows no tenants."""
