"""Sweeping up after processes that died: what nothing refers to goes, what anything refers to stays, another tenant's above all."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from agents.actions import sweeping
from agents.actions.documents import upload_document
from agents.actions.knowledge import create_knowledge_base
from agents.knowledge.files import document_key, files
from agents.knowledge.stores import indexing
from agents.models import StoreConnection, VectorSpace
from nexod.kernel.identifiers import new_id
from nexod.kernel.secrets import encrypt
from tenants.context import enter_tenant
from tests.pinecone_server import PineconeServer
from tests.shelf import add

OLD_S = 2 * 24 * 3600


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def lost(age_s: float = OLD_S) -> str:
    """Return the name of a file that no document has."""
    key = document_key(new_id())
    files.save(key, ContentFile(b"left behind"))
    then = time.time() - age_s
    os.utime(files.path(key), (then, then))
    return key


def kept(person: Any, slug: str) -> str:
    """Return the name of a document's file, as old as the lost one."""
    base = create_knowledge_base(actor=person(slug, "editor"), name="Docs")
    document, _ = upload_document(
        actor=person(slug, "editor"), knowledge_base=base, name="a.md", file=ContentFile(b"Something.", name="a.md")
    )
    then = time.time() - OLD_S
    os.utime(files.path(document.storage_key), (then, then))
    return document.storage_key


def test_files_without_a_document_go_and_all_others_stay(acme: Any, globex: Any, person: Any) -> None:
    with enter_tenant(globex):
        theirs, their_document = lost(), kept(person, "globex")
    with enter_tenant(acme):
        ours, young, document = lost(), lost(age_s=60), kept(person, "acme")
        found = sweeping.sweep()
        assert (found.files, found.bytes) == (1, len(b"left behind"))
        assert [files.exists(key) for key in (ours, young, document)] == [False, True, True]
    with enter_tenant(globex):
        assert files.exists(theirs)
        assert files.exists(their_document)


def test_a_tenant_without_files_has_nothing_to_sweep(in_acme: None) -> None:
    assert sweeping.sweep() == sweeping.Swept(0, 0, 0, 0, 0)


def test_namespaces_of_spaces_that_are_gone_are_cleared_in_the_own_tenant_alone(
    acme: Any, globex: Any, person: Any, settings: Any
) -> None:
    with PineconeServer(lag_s=0) as server:
        settings.NEXOD_EGRESS_ALLOW = [server.address.removeprefix("http://")]
        with enter_tenant(acme):
            base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
            key = encrypt(server.key, bound_to=acme.schema_name)
            store = StoreConnection.objects.create(slug="pc", name="PC", address=server.address, encrypted_key=key)
            space = VectorSpace.objects.create(
                knowledge_base=base,
                model="wordllama-256",
                dimensions=256,
                store="pinecone",
                connection=store,
                state="serving",
            )
            living = f"{acme.schema_name}.{base.pk.hex}.{space.pk.hex}"
            gone = f"{acme.schema_name}.{base.pk.hex}.{new_id().hex}"
            others = (
                f"{globex.schema_name}.{base.pk.hex}.{new_id().hex}",
                f"{acme.schema_name}0.{base.pk.hex}.{new_id().hex}",
            )
            for name in (living, gone, *others):
                server._write(name, "1", {"id": "1", "values": [0.0] * 256})
            assert sweeping.sweep().namespaces == 1
            assert [len(server.spaces[name]) for name in (living, gone, *others)] == [1, 0, 1, 1]
            server.busy = 1_000
            assert sweeping.sweep().namespaces == 0  # a store that is away is swept another time


def test_a_large_space_without_an_index_gets_one(in_acme: None, person: Any, monkeypatch: Any) -> None:
    base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
    for number in range(4):
        add(base, f"Paper {number}", f"Paper {number} says something.")
    assert sweeping.sweep().wanting == 0
    monkeypatch.setattr("agents.knowledge.stores.indexing.FEW", 3)
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "agents.knowledge.stores.indexing.enqueue", lambda name, **given: asked.append({"name": name, **given})
    )
    assert sweeping.sweep().wanting == 1
    assert asked == [{"name": "agents.index_space", "queue": "ops", "space": str(base.spaces.get().pk)}]


def test_an_index_whose_builder_was_lost_is_built_anew(in_acme: None, person: Any, monkeypatch: Any) -> None:
    base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
    add(base, "Paper", "A paper says something.")
    monkeypatch.setattr("agents.knowledge.stores.indexing.FEW", 0)
    monkeypatch.setattr("agents.knowledge.stores.indexing.enqueue", lambda name, **given: None)
    base.spaces.update(index="building", updated_at=timezone.now())
    assert sweeping.sweep().wanting == 0
    base.spaces.update(updated_at=timezone.now() - indexing.GIVEN_UP - timedelta(minutes=1))
    assert sweeping.sweep().wanting == 1


def test_the_command_sweeps_every_tenant_from_inside(acme: Any, globex: Any) -> None:
    keys = {}
    for tenant in (acme, globex):
        with enter_tenant(tenant):
            keys[tenant] = lost()
    said = StringIO()
    call_command("sweep_knowledge", stdout=said)
    assert said.getvalue().count("1 files (0.0 MB)") == 2
    for tenant, key in keys.items():
        with enter_tenant(tenant):
            assert not files.exists(key)
