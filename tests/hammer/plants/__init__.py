"""Known leaks, one a file. ``plant()`` puts it into the process that calls it, which is never the product's own."""
