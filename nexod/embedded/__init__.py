"""Zero-config services for one machine: PostgreSQL, Valkey, a local model, and the supervisor. Only commands import it."""
