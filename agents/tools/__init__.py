"""What agents may use: one tool per file, known by the registry, used in one place."""
