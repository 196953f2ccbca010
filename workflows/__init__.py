"""What happens: definitions, runs, approvals."""
