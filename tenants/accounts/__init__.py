"""Accounts: users, roles, API keys and recorded requests, in the public plane (staff) and in every tenant's schema.

Never imports tenants.models: the same tables serve both planes.
"""
