"""What changes workflows, runs and approvals."""
