"""Users: accounts inside one schema, known by e-mail address."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from nexod.kernel.signing import salt
from tenants.accounts.roles import ROLES
from tenants.records import Record


class UserManager(BaseUserManager["User"]):
    """Makes users with a normalised address and a hashed password."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a new user; ``password`` None means that none can log in with one."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a new user who may do everything in this schema."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with that address, whatever its letter case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin, Record):
    """A person in a tenant, or, in the public schema, a member of the platform's staff."""

    email = models.EmailField(max_length=254, unique=True)
    full_name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may use the admin", default=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        ordering = ("email",)
        constraints: ClassVar = [
            models.CheckConstraint(name="user_email_is_lower_case", condition=models.Q(email=Lower("email")))
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def role_names(self) -> set[str]:
        """Return the names of the user's roles; the tenant's own groups are none."""
        return set(self.groups.filter(name__in=ROLES).values_list("name", flat=True))

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Bind a session to the tenant as well as to the password: a row that was copied elsewhere opens nothing there."""
        return salted_hmac(salt("session"), self.password, secret=secret, algorithm="sha256").hexdigest()
