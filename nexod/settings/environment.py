"""Everything that the environment may say, typed. A missing production secret refuses to start and says which."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
Names = Annotated[list[str], NoDecode]


class Environment(BaseSettings):
    """The typed environment; a field without default must be set."""

    model_config = SettingsConfigDict(env_prefix="NEXOD_", extra="ignore", populate_by_name=True)

    home: Path = ROOT / ".nexod"
    secret_key: str = Field(min_length=32)
    field_keys: str = Field(min_length=44)
    platform_hosts: str = ""
    allowed_hosts: str = ""
    egress_allow: str = ""
    log_level: str = "INFO"
    log_format: str = ""
    metrics_token: str = ""
    pool_size: int = Field(default=20, ge=1, le=200)
    database_pooler: Literal["", "session", "transaction"] = ""
    replica_lag_s: float = Field(default=5.0, gt=0, le=3600)
    max_document_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    lease_s: float = Field(default=30.0, ge=0.5, le=600)
    drain_s: float = Field(default=20.0, ge=0, le=3600)
    stall_s: float = Field(default=30.0, ge=1, le=3600)
    idle_transaction_s: float = Field(default=60.0, ge=0, le=3600)
    max_lost_workers: int = Field(default=5, ge=1, le=1000)
    max_state_bytes: int = Field(default=4_000_000, ge=10_000, le=100_000_000)
    answer_tokens: int = Field(default=4_096, ge=1, le=1_000_000)
    model_call_days: int = Field(default=400, ge=1, le=10_000)
    delivery_days: int = Field(default=90, ge=1, le=10_000)
    firing_days: int = Field(default=90, ge=1, le=10_000)
    notification_days: int = Field(default=180, ge=1, le=10_000)
    approval_record_days: int = Field(default=1_095, ge=1, le=10_000)
    streams_per_person: int = Field(default=100, ge=1, le=10_000)
    address: str = Field(default="https://{host}", pattern=r"^https?://[^{}]*\{host\}[^{}]*$")
    email_url: str = ""
    default_from_email: str = "nexod@localhost"
    llm_base_url: str = ""
    llm_api_key: str = ""
    llm_model: str = ""
    database_url: str = Field(alias="DATABASE_URL", min_length=1)
    database_owner_url: str = Field(default="", alias="DATABASE_OWNER_URL")
    database_replica_url: str = Field(default="", alias="DATABASE_REPLICA_URL")
    redis_url: str = Field(alias="REDIS_URL", min_length=1)
    sentry_dsn: str = Field(default="", alias="SENTRY_DSN")


def names(value: str) -> list[str]:
    """Split a comma list, dropping blanks."""
    return [name.strip() for name in value.split(",") if name.strip()]


def load(defaults: dict[str, Any] | None = None) -> Environment:
    """Read the environment over ``defaults``; exit with the names of what is missing or wrong."""
    known = {field.alias or f"NEXOD_{name.upper()}" for name, field in Environment.model_fields.items()}
    values = {**(defaults or {}), **{name: os.environ[name] for name in known if os.environ.get(name)}}
    fields = {(field.alias or f"NEXOD_{name.upper()}"): name for name, field in Environment.model_fields.items()}
    try:
        return Environment(**{fields[name]: value for name, value in values.items() if name in fields})
    except ValidationError as error:
        raise SystemExit(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    aliases = {name: field.alias or f"NEXOD_{name.upper()}" for name, field in Environment.model_fields.items()}
    lines = ["Nexod cannot start, its environment is not complete:"]
    for problem in error.errors(include_input=False, include_url=False):
        place = str(problem["loc"][0])
        lines.append(f"  {aliases.get(place, place)}: {problem['msg']}")
    return "\n".join(lines)


def services(home: Path) -> dict[str, str]:
    """Return what a running supervisor wrote about its services, or nothing."""
    path = home / "services.json"
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return {name: str(value) for name, value in found.items()}
