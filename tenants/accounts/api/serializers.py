"""How people and keys look from outside, and what may be said about them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexod.http.serializers import ClosedSerializer
from tenants.accounts.models import ApiKey, User
from tenants.accounts.models.api_key import SCOPES
from tenants.accounts.roles import ROLES


class PersonSerializer(serializers.ModelSerializer[User]):
    """Who did something."""

    class Meta:
        model = User
        fields = ["id", "email", "full_name"]


class UserSerializer(serializers.ModelSerializer[User]):
    """A person of the workspace. Read with ``groups`` prefetched."""

    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "full_name", "roles", "is_active", "last_login", "created_at", "updated_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_roles(self, user: User) -> list[str]:
        """Return the names of the user's roles."""
        return sorted(group.name for group in user.groups.all() if group.name in ROLES)


class CreateUser(ClosedSerializer):
    """A new person."""

    email = serializers.EmailField(max_length=254)
    full_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    role = serializers.ChoiceField(choices=ROLES)
    password = serializers.CharField(
        max_length=128,
        trim_whitespace=False,
        write_only=True,
        required=False,
        help_text="Absent: cannot log in with one",
    )


class UpdateUser(ClosedSerializer):
    """What may change about a person."""

    full_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    role = serializers.ChoiceField(choices=ROLES, required=False)
    is_active = serializers.BooleanField(required=False)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key as it is remembered: its first characters, never the key."""

    user = PersonSerializer(read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), read_only=True)

    class Meta:
        model = ApiKey
        fields = [
            "id", "name", "prefix", "scopes", "user", "expires_at", "revoked_at", "last_used_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class IssuedApiKeySerializer(ApiKeySerializer):
    """A key at its birth: the only answer that ever holds it."""

    key = serializers.CharField(read_only=True, help_text="Shown this once")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


class IssueApiKey(ClosedSerializer):
    """What a new key is for."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=20)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    user = serializers.UUIDField(required=False, help_text="Whose key it is; absent: your own")


class WorkspaceSerializer(serializers.Serializer[Any]):
    """The tenant that the host leads to."""

    slug = serializers.CharField()
    name = serializers.CharField()


class MeSerializer(UserSerializer):
    """Oneself: roles, permissions, where, and the scopes of the key that asks (null with a session: all)."""

    permissions = serializers.ListField(child=serializers.CharField(), read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), read_only=True, allow_null=True)
    tenant = WorkspaceSerializer(read_only=True)

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "permissions", "scopes", "tenant"]
        read_only_fields = fields
