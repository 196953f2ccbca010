"""Queries that are compiled once: what they give is what Django gives, for these values, in this place."""

from __future__ import annotations

from django.db import connection
from django.db.models import CharField
from django.test.utils import CaptureQueriesContext

from nexod.kernel.reads import Read
from tenants.accounts.backends import _permissions_of
from tenants.accounts.models import User
from tenants.context import enter_tenant
from workflows.models import Workflow


def test_each_call_is_for_its_values_and_its_place(acme, globex):
    read = Read(lambda email: User.objects.filter(email=email).order_by("pk"), CharField())
    with enter_tenant(acme):
        first = User.objects.order_by("pk").first()
        second = User.objects.order_by("pk").last()
        assert (read.first(first.email), read.first(second.email)) == (first, second)
        assert read.first(first.email).__dict__.keys() == first.__dict__.keys()
        assert read.first("nobody@acme.test") is None
    with enter_tenant(globex):
        assert read.first(first.email) is None


def test_what_belongs_to_a_row_comes_with_it(acme, person):
    editor = person("acme", "editor")
    read = Read(
        lambda pk: Workflow.objects.select_related("published__author").filter(pk=pk).order_by(), Workflow._meta.pk
    )
    with enter_tenant(acme):
        workflow = Workflow.objects.create(name="One", slug="one")
        workflow.published = workflow.versions.create(number=1, definition={"a": [1]}, author=editor)
        workflow.save()
        with CaptureQueriesContext(connection) as queries:
            found = read.first(workflow.pk)
            assert (found.published.author.email, found.published.definition) == (editor.email, {"a": [1]})
        assert len(queries) == 1


def test_django_compiles_it_once(acme, monkeypatch):
    built = []
    read = Read(lambda email: built.append(email) or User.objects.filter(email=email), CharField())
    with enter_tenant(acme):
        for name in ("a", "b"):
            read.rows(f"{name}@acme.test")
    assert len(built) == 1


def test_permissions_are_those_of_the_roles_and_ones_own(acme, person):
    from django.contrib.auth.models import Permission

    viewer = person("acme", "viewer")
    with enter_tenant(acme):
        before = _permissions_of(viewer)
        viewer.user_permissions.add(Permission.objects.get(codename="run_workflow"))
        assert _permissions_of(viewer) - before == {"workflows.run_workflow"}
        viewer.groups.clear()
        assert _permissions_of(viewer) == {"workflows.run_workflow"}
        viewer.is_superuser = True
        assert len(_permissions_of(viewer)) == Permission.objects.count()
