"""Tables of the public plane: ids, numbers and names, never a tenant's content."""

from tenants.models.due import DueTime
from tenants.models.plan import Plan
from tenants.models.tenant import Domain, Tenant
from tenants.models.ticket import RunTicket
from tenants.models.usage import UsageRecord

__all__ = ["Domain", "DueTime", "Plan", "RunTicket", "Tenant", "UsageRecord"]
