"""The admin of the public plane, on the staff's site."""

from tenants.admin import domains, plans, provisioning, tenants, tickets, usage

__all__ = ["domains", "plans", "provisioning", "tenants", "tickets", "usage"]
