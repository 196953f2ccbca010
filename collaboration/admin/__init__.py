"""The admin of what people are told, on the tenants' site."""

from collaboration.admin import notifications

__all__ = ["notifications"]
