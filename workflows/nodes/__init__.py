"""Node types: what one step can do. One file per type; ``registry.get(type)`` gives it."""
