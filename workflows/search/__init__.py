"""Search by meaning over what a tenant has: documents, runs and memories, each as far as the person may look."""
