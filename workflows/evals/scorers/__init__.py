"""How a run is scored: one scorer a file, and the registry that knows them."""
