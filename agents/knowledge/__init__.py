"""From a file to a cited passage: parse, chunk, embed, index, retrieve. Imports nothing by itself, so that a child starts fast."""
