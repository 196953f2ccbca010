"""The public plane: tenants, domains, plans, usage, tickets, and every door into a tenant."""
