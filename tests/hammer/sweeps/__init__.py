"""What is looked at when the hammering is over: rows, the cache, files and logs. Each finds marks where they do not belong."""
