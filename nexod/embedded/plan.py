"""What this machine runs, in which order, and the environment that ties it together."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from nexod.embedded import application, local_model, postgres, roles, valkey
from nexod.embedded.errors import NotConfigured
from nexod.embedded.home import PROJECT, Home, read_json, write_private_json
from nexod.embedded.ports import LOOPBACK, free_port, web_port
from nexod.embedded.process import Service

ATTACHED = (
    "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "NEXOD_LLM_BASE_URL", "NEXOD_LLM_API_KEY", "NEXOD_LLM_MODEL",
    "NEXOD_EGRESS_ALLOW", "NEXOD_SECRET_KEY", "NEXOD_FIELD_KEYS", "NEXOD_ADDRESS",
)  # fmt: skip


@dataclass
class Plan:
    """Services in stages: those of one stage start side by side. ``elsewhere`` names what is not started, and why."""

    home: Home
    environ: dict[str, str]
    base_url: str
    stages: list[list[Service]] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)

    @property
    def public_url(self) -> str:
        """The address that a person opens."""
        return self.base_url.replace(LOOPBACK, "localhost")

    def publish(self) -> None:
        """Write services.json, by which other commands find what runs here."""
        shared = {name: self.environ[name] for name in ATTACHED if name in self.environ}
        write_private_json(self.home.services_file, shared | {"base_url": self.base_url, "pid": os.getpid()})

    def withdraw(self) -> None:
        """Remove services.json: nothing runs here any more."""
        self.home.services_file.unlink(missing_ok=True)


def make_plan(home: Home, outer: Mapping[str, str]) -> Plan:
    """Decide from the environment what to start. Raises PortBusy or NotConfigured."""
    port = web_port(outer)
    plan = Plan(home, _environment(home, outer), f"http://{LOOPBACK}:{port}")
    plan.environ.setdefault("NEXOD_ADDRESS", f"http://{{host}}:{port}")
    ports = _former_ports(home)
    stores = [*_postgres(plan, ports), *_valkey(plan, ports), *_model(plan, ports)]
    workers = [application.worker(kind, home, plan.environ) for kind in application.WORKERS]
    plan.stages = [
        stores,
        [application.migrate(plan.environ)],
        [application.web(plan.environ, port=port)],
        workers,
    ]
    return plan


def _environment(home: Home, outer: Mapping[str, str]) -> dict[str, str]:
    environ = dict(outer) | {"NEXOD_HOME": str(home.path), "PYTHONUNBUFFERED": "1", "PYTHONPATH": _python_path(outer)}
    return application_secrets(home) | {name: value for name, value in environ.items() if value}


def application_secrets(home: Home) -> dict[str, str]:
    """Return the application's own keys, made once for this home."""
    return {
        "NEXOD_SECRET_KEY": home.secret("NEXOD_SECRET_KEY", partial(secrets.token_urlsafe, 48)),
        "NEXOD_FIELD_KEYS": home.secret("NEXOD_FIELD_KEYS", _fernet_key),
    }


def _python_path(outer: Mapping[str, str]) -> str:
    return os.pathsep.join(filter(None, [str(PROJECT), outer.get("PYTHONPATH")]))


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _former_ports(home: Home) -> dict[str, int]:
    """Return the ports of the last time, which are taken again if they are free."""
    return {name: int(port) for name, port in read_json(home.path / "ports.json").items()}


def _take_port(plan: Plan, ports: dict[str, int], name: str) -> int:
    ports[name] = free_port(ports.get(name))
    write_private_json(plan.home.path / "ports.json", ports)
    return ports[name]


def _postgres(plan: Plan, ports: dict[str, int]) -> list[Service]:
    if url := plan.environ.get("DATABASE_URL"):
        if not plan.environ.get("DATABASE_OWNER_URL"):
            raise NotConfigured("DATABASE_URL is set, DATABASE_OWNER_URL is not: migrations need the database's owner.")
        plan.elsewhere.append(("postgres", f"{_address(url)} (DATABASE_URL)"))
        return []
    cluster = postgres.cluster(plan.home, port=_take_port(plan, ports, "postgres"), durable=True)
    plan.environ |= {"DATABASE_URL": cluster.url(roles.APP), "DATABASE_OWNER_URL": cluster.url(roles.OWNER)}
    return [postgres.service(cluster)]


def _valkey(plan: Plan, ports: dict[str, int]) -> list[Service]:
    if url := plan.environ.get("REDIS_URL"):
        plan.elsewhere.append(("valkey", f"{_address(url)} (REDIS_URL)"))
        return []
    port = _take_port(plan, ports, "valkey")
    plan.environ["REDIS_URL"] = valkey.url(plan.home, port)
    return [valkey.service(plan.home, port=port, durable=True)]


def _model(plan: Plan, ports: dict[str, int]) -> list[Service]:
    if url := plan.environ.get("NEXOD_LLM_BASE_URL"):
        if not (name := plan.environ.get("NEXOD_LLM_MODEL")):
            raise NotConfigured("NEXOD_LLM_BASE_URL is set, NEXOD_LLM_MODEL is not: say which model to use there.")
        plan.elsewhere.append(("model", f"{name} at {_address(url)} (NEXOD_LLM_BASE_URL)"))
        _allow(plan, url)
        return []
    if reason := local_model.missing():
        plan.elsewhere.append(("model", f"none: {reason}"))
        return []
    port = _take_port(plan, ports, "model")
    plan.environ |= local_model.environment(plan.home, port)
    _allow(plan, plan.environ["NEXOD_LLM_BASE_URL"])
    key = {"NEXOD_LLM_API_KEY": plan.environ["NEXOD_LLM_API_KEY"]}
    return [
        local_model.service({name: plan.environ[name] for name in plan.environ if name not in ATTACHED} | key, port)
    ]


def _allow(plan: Plan, url: str) -> None:
    """Let the application call a model on this machine: whoever sets the environment may name a private address."""
    parts = urlsplit(url)
    address = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    known = plan.environ.get("NEXOD_EGRESS_ALLOW", "").split(",")
    plan.environ["NEXOD_EGRESS_ALLOW"] = ",".join(dict.fromkeys([*filter(None, known), address]))


def _address(url: str) -> str:
    """Return host and port, never the credentials."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}"
