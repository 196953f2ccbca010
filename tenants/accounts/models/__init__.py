"""Tables of accounts."""

from tenants.accounts.models.api_key import ApiKey
from tenants.accounts.models.idempotency import IdempotencyKey
from tenants.accounts.models.user import User

__all__ = ["ApiKey", "IdempotencyKey", "User"]
