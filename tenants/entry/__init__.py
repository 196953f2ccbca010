"""Every door into a tenant: HTTP, WebSocket, Celery, command."""
