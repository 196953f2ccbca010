"""One request to another service: how it is made, sent, read, and what its failure says about whether it happened."""
