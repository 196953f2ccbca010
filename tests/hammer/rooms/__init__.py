"""What stands in the hammer's servers and workers beside the product: it reads and writes marked rows in every manner."""
