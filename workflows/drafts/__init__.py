"""What becomes of a workflow's draft while people change it: states, differences in words, and the document that they share."""
