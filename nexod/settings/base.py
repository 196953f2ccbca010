"""What every environment shares. ``configure`` turns the typed environment into Django's settings."""

from __future__ import annotations

import os
from typing import Any

from nexod.http.rest import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401
from nexod.observability.logs import logging_config
from nexod.settings.database import databases
from nexod.settings.environment import ROOT, Environment, names
from nexod.settings.mail import mail
from nexod.settings.unfold import UNFOLD, UNFOLD_STAFF  # noqa: F401

# django-tenants' checks would query at start-up; extensions live in a schema of their own.
SKIP_PG_EXTRA_VALIDATION = True
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_SYNC_ROUTER = "tenants.routers.PlaneRouter"
DATABASE_ROUTERS = [TENANT_SYNC_ROUTER, "tenants.backend.router.LagRouter"]
PUBLIC_SCHEMA_NAME = "public"
PG_EXTRA_SEARCH_PATHS = ["extensions"]

BOTH_PLANES = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "tenants.accounts",
]
SHARED_APPS = ["tenants", *BOTH_PLANES]
TENANT_APPS = [*BOTH_PLANES, "agents", "workflows", "collaboration"]
INSTALLED_APPS = [
    "nexod",
    "nexod.embedded",
    "tenants",
    "tenants.accounts",
    "agents",
    "workflows",
    "collaboration",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django_tenants",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "channels",
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["tenants.accounts.backends.OneQueryBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

ROOT_URLCONF = "nexod.urls"
PUBLIC_SCHEMA_URLCONF = "nexod.urls_public"
ASGI_APPLICATION = "nexod.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
LOGIN_URL = "/admin/login/"
# A link in a mailbox is worth a password.
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_REDIRECT_URL = "/admin/"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

MIDDLEWARE = [
    "nexod.observability.requests.RequestIdMiddleware",
    "nexod.observability.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.entry.http.tenant_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"nexod": "nexod.admin.tags"},
        },
    }
]


def configure(environment: Environment) -> dict[str, Any]:
    """Return the settings that depend on the environment."""
    return {
        "NEXOD_HOME": environment.home,
        "SECRET_KEY": environment.secret_key,
        "NEXOD_FIELD_KEYS": names(environment.field_keys),
        "NEXOD_PLATFORM_HOSTS": names(environment.platform_hosts),
        "NEXOD_EGRESS_ALLOW": names(environment.egress_allow),
        "NEXOD_MAX_DOCUMENT_BYTES": environment.max_document_bytes,
        "NEXOD_ADDRESS": environment.address,
        "NEXOD_STREAMS_PER_PERSON": environment.streams_per_person,
        "NEXOD_LEASE_S": environment.lease_s,
        "NEXOD_DRAIN_S": environment.drain_s,
        "NEXOD_STALL_S": environment.stall_s,
        "NEXOD_IDLE_TRANSACTION_S": environment.idle_transaction_s,
        "NEXOD_MAX_LOST_WORKERS": environment.max_lost_workers,
        "NEXOD_MAX_STATE_BYTES": environment.max_state_bytes,
        "NEXOD_ANSWER_TOKENS": environment.answer_tokens,
        "NEXOD_MODEL_CALL_DAYS": environment.model_call_days,
        "NEXOD_DELIVERY_DAYS": environment.delivery_days,
        "NEXOD_FIRING_DAYS": environment.firing_days,
        "NEXOD_NOTIFICATION_DAYS": environment.notification_days,
        "NEXOD_APPROVAL_RECORD_DAYS": environment.approval_record_days,
        "NEXOD_LLM": {
            "base_url": environment.llm_base_url,
            "api_key": environment.llm_api_key,
            "model": environment.llm_model,
        },
        "NEXOD_REPLICA_LAG_S": environment.replica_lag_s,
        "MEDIA_ROOT": environment.home / "media",
        "DATABASES": databases(
            environment.database_url,
            environment.database_owner_url,
            pool_size=environment.pool_size,
            pooler=environment.database_pooler,
            replica_url=environment.database_replica_url,
        ),
        "DEFAULT_FROM_EMAIL": environment.default_from_email,
        "NEXOD_ENV": os.environ.get("NEXOD_ENV", "dev"),
        "SENTRY_DSN": environment.sentry_dsn,
        "LOGGING": logging_config(level=environment.log_level, format_name=environment.log_format),
        "NEXOD_READINESS_PLACE": "tenants.context.enter_platform",
        "NEXOD_METRICS_TOKEN": environment.metrics_token,
        "NEXOD_MAX_BODY_BYTES": 4 * environment.max_document_bytes,
        "NEXOD_SENDS_MAIL": bool(environment.email_url),
        **mail(environment.email_url),
        **_valkey(environment.redis_url),
    }


def _valkey(url: str) -> dict[str, Any]:
    return {
        "REDIS_URL": url,
        "CACHES": {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": url,
                "KEY_FUNCTION": "tenants.cache.key",
                "REVERSE_KEY_FUNCTION": "tenants.cache.reverse_key",
                "KEY_PREFIX": "nexod",
                # Not pickle, its default: whoever can write to Valkey must not be able to run code here.
                "OPTIONS": {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"},
            }
        },
        "CHANNEL_LAYERS": {
            "default": {
                # Twice as fast from commit to socket as the core layer, and it keeps nothing in Valkey.
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                # redis-py 8 times reads out after 5 s by default, which closes idle sockets.
                "CONFIG": {"hosts": [{"address": url, "socket_timeout": None}], "prefix": "nexod"},
            }
        },
        "CELERY_BROKER_URL": url,
    }
