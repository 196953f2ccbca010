"""How the API tells why something did not work that is done beside the request."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class FailureSerializer(serializers.Serializer[Any]):
    """Why it failed, and what to do."""

    code = serializers.CharField()
    message = serializers.CharField()
