"""The feed of what people did: rows of deeds, and runs as they are stored anyway, in one order. Pure reading."""
