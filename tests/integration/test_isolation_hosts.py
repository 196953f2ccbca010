"""Odd hosts over real sockets, and whatever else would name a tenant: its own tenant, or a clear refusal, never another tenant."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tenants.context import enter_platform
from tenants.models import Domain, Tenant
from tests.live_stage import Stage

ME = "/api/v1/me"
EVENTS = "/api/v1/runs/00000000-0000-7000-8000-000000000000/events"


async def raw(port: int, *lines: bytes) -> tuple[int, bytes]:
    """Send the lines as they are, and return the status and the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def asked(
    stage: Stage, *hosts: bytes, path: str = ME, more: tuple[bytes, ...] = ()
) -> tuple[int, dict[str, Any]]:
    """Ask with the key of acme's viewer and those Host headers; return the status and the JSON."""
    key = f"Authorization: Bearer {stage.key('acme', 'viewer')}".encode()
    named = [b"Host: " + host for host in hosts]
    status, body = await raw(stage.port, f"GET {path} HTTP/1.1".encode(), *named, *more, key)
    try:
        return status, json.loads(body)
    except ValueError:
        return status, {}


def told(found: dict[str, Any]) -> str:
    error = found["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    return str(error["code"])


@pytest.mark.parametrize(
    "host", [b"acme.test", b"ACME.Test", b"acme.test:80", b"acme.test:65535", b"acme.test.", b"acme.test.:80"]
)
async def test_a_host_may_be_written_in_several_ways(stage, host):
    status, found = await asked(stage, host)
    assert (status, found["tenant"]["slug"]) == (200, "acme")


@pytest.mark.parametrize("path", [ME, EVENTS])
@pytest.mark.parametrize(
    "host",
    [
        b"unknown.test", b"acme.test.evil.example", b"evil.example", b"127.0.0.1", b"[::1]", b"localhost", b"test", b".test",
        b"acme..test", b"acme.test..", b"\xc3\xa4cme.test", b"xn--cme-pla.test", b"acme.test:x", b"acme.test:-1", b"acme.test/",
        b"acme.test@globex.test", b"acme_.test", b"'; DROP SCHEMA public; --.test", b"acme.test#.globex.test", b"acme.test\x00",
        b"a" * 5000 + b".test",
    ],
)  # fmt: skip
async def test_other_hosts_lead_nowhere(stage, host, path):
    status, found = await asked(stage, host, path=path)
    if found:
        assert (status, told(found)) == (404, "tenant_unknown")
    else:
        assert status == 400  # the server itself took it for no request at all


@pytest.mark.parametrize("path", [ME, EVENTS])
@pytest.mark.parametrize(
    "hosts", [(), (b"",), (b"acme.test", b"globex.test"), (b"acme.test", b"acme.test"), (b"acme.test, globex.test",)]
)
async def test_a_request_names_one_host(stage, hosts, path):
    status, found = await asked(stage, *hosts, path=path)
    assert status == 400
    assert not found or told(found) == "host_invalid"


async def test_an_old_request_without_a_host_is_refused(stage):
    key = f"Authorization: Bearer {stage.key('acme', 'viewer')}".encode()
    status, body = await raw(stage.port, f"GET {ME} HTTP/1.0".encode(), key)
    assert (status, told(json.loads(body))) == (400, "host_invalid")


@pytest.mark.parametrize(
    "header",
    [
        b"X-Forwarded-Host: globex.test",
        b"Forwarded: host=globex.test",
        b"X-Original-Host: globex.test",
        b"X-Host: globex.test",
    ],
)
async def test_no_other_header_is_believed(stage, header):
    status, found = await asked(stage, b"acme.test", more=(header,))
    assert (status, found["tenant"]["slug"]) == (200, "acme")
    status, found = await asked(stage, b"globex.test", more=(header.replace(b"globex", b"acme"),))
    assert (status, told(found)) == (401, "not_authenticated")


async def test_an_address_with_a_host_of_its_own_leads_no_further(stage):
    key = stage.key("acme", "viewer")
    for target, host in (("acme", "globex"), ("globex", "acme")):
        line = f"GET http://{target}.test{ME} HTTP/1.1".encode()
        named = (f"Host: {host}.test".encode(), f"Authorization: Bearer {key}".encode())
        status, body = await raw(stage.port, line, *named)
        assert status in (200, 400, 401, 404)
        assert status != 200 or json.loads(body)["tenant"]["slug"] == "acme"


@pytest.mark.parametrize("path", [ME, EVENTS, "/admin/", "/api/docs"])
@pytest.mark.parametrize("name", ["tenant", "tenant_id", "schema", "schema_name"])
async def test_a_parameter_chooses_no_tenant(stage, path, name):
    schema = stage.tenant("globex").schema_name
    status, found = await asked(stage, b"acme.test", path=f"{path}?{name}={schema}")
    assert (status, told(found)) == (400, "tenant_not_chosen")
    assert found["error"]["details"] == {"name": name}


@pytest.mark.parametrize("name", ["X-Tenant", "x-tenant-id", "X-Schema-Name", "X-DTS-SCHEMA"])
async def test_a_header_chooses_no_tenant(stage, name):
    schema = stage.tenant("globex").schema_name
    status, found = await asked(stage, b"acme.test", more=(f"{name}: {schema}".encode(),))
    assert (status, told(found)) == (400, "tenant_not_chosen")


@pytest.mark.parametrize("name", ["tenant", "tenant_id", "schema", "schema_name"])
def test_a_body_chooses_no_tenant(program, globex, name):
    body = {"name": "Docs", name: globex.schema_name}
    answer = program("acme", "owner")("post", "knowledge-bases", body)
    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (400, name)


HANDSHAKE = (
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


async def shaken(stage: Stage, *lines: bytes, path: str = "/ws/workspace/") -> int:
    """Ask for a socket and return the status: 101 opened it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    key = f"Authorization: Bearer {stage.key('acme', 'viewer')}".encode()
    writer.write(b"\r\n".join((f"GET {path} HTTP/1.1".encode(), *HANDSHAKE, *lines, key)) + b"\r\n\r\n")
    async with asyncio.timeout(10):
        first = await reader.readline()
    writer.close()
    return int(first.split(b" ")[1])


async def test_a_socket_opens_at_its_host(stage):
    assert await shaken(stage, b"Host: acme.test") == 101
    assert await shaken(stage, b"Host: ACME.test:80", b"Origin: http://acme.test:80") == 101


@pytest.mark.parametrize(
    "lines",
    [
        (), (b"Host: acme.test", b"Host: globex.test"), (b"Host: globex.test", b"Host: acme.test"),
        (b"Host: acme.test, globex.test",),
        (b"Host: unknown.test",), (b"Host: evil.example",), (b"Host: \xc3\xa4cme.test",),
        (b"Host: acme.test", b"Origin: http://globex.test"), (b"Host: acme.test", b"Origin: http://acme.test:1"),
        (b"Host: acme.test", b"Origin: http://acme.test", b"Origin: http://globex.test"),
        (b"Host: acme.test", b"Origin: http://globex.test", b"Origin: http://acme.test"),
        (b"Host: acme.test", b"Origin: http://acme.test@globex.test"), (b"Host: acme.test", b"Origin: null"),
        (b"Host: acme.test", b"Origin: http://["), (b"Host: acme.test", b"Origin:"),
        (b"Host: acme.test", b"X-Tenant: t_x"),
    ],
)  # fmt: skip
async def test_a_socket_opens_for_no_odd_host_or_origin(stage, lines):
    assert await shaken(stage, *lines) in (400, 403)


async def test_a_parameter_of_a_socket_chooses_no_tenant(stage):
    assert await shaken(stage, b"Host: acme.test", path="/ws/workspace/?schema=t_x") == 403
    assert await shaken(stage, b"Host: acme.test", path="/ws/workspace/?page=1") == 101


def test_a_domain_is_stored_as_it_is_looked_up(acme):
    from django.db import IntegrityError, transaction

    with enter_platform(), pytest.raises(IntegrityError, match="domain_is_lower_case"), transaction.atomic():
        Domain.objects.create(domain="Other.test", tenant=acme)


@pytest.mark.parametrize("schema", ["T_Acme", "public", "t_a-b", 't_a"; --', "t_", "t_" + "a" * 41, "pg_temp"])
def test_a_schemas_name_is_lower_case_and_opaque(acme, schema):
    from django.db import IntegrityError, transaction

    with enter_platform(), pytest.raises(IntegrityError, match="tenant_schema_is_opaque"), transaction.atomic():
        Tenant.objects.create(slug="other", name="Other", plan=acme.plan, schema_name=schema)
