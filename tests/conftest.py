"""Fixtures of the whole suite: the two organisations, their people, and clients that come in by the front door."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from tests import cast

pytest_plugins = ("tests.model_server.fixtures", "tests.sink")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> None:
    """Migrate and provision once, for real: tests then work in transactions of the serving connection."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        cast.assemble()


@pytest.fixture
def acme(db: None):  # type: ignore[no-untyped-def]
    """Return the tenant that a test works for."""
    return _tenant("acme")


@pytest.fixture
def globex(db: None):  # type: ignore[no-untyped-def]
    """Return the tenant that must see nothing of it."""
    return _tenant("globex")


@pytest.fixture
def in_acme(acme) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """Run the test inside acme."""
    from tenants.context import enter_tenant

    with enter_tenant(acme):
        yield


@pytest.fixture
def person(db: None) -> Callable[[str, str], object]:
    """Return ``person(slug, role)``: the user row, to be used inside that tenant."""

    def find(slug: str, role: str) -> object:
        from tenants.accounts.models import User
        from tenants.context import enter_tenant

        with enter_tenant(_tenant(slug)):
            return User.objects.get(email=cast.email(slug, role))

    return find


@pytest.fixture
def visit(db: None) -> Callable[..., Client]:
    """Return ``visit(slug, role)``: a browser that is logged in at the tenant's host; without a role it is a stranger."""

    def open_(slug: str, role: str | None = None) -> Client:
        client = Client(headers={"host": f"{slug}.test"})
        if role is not None:
            _log_in(client, slug, role)
        return client

    return open_


def _log_in(client: Client, slug: str, role: str) -> None:
    from tenants.accounts.models import User
    from tenants.context import enter_tenant

    with enter_tenant(_tenant(slug)):
        client.force_login(User.objects.get(email=cast.email(slug, role)))


def _tenant(slug: str):  # type: ignore[no-untyped-def]
    from tenants.context import enter_platform
    from tenants.models import Tenant

    with enter_platform():
        return Tenant.objects.select_related("plan").get(slug=slug)


@pytest.fixture(scope="session")
def asgi_server(django_db_setup: None) -> Iterator[object]:
    """Serve the real application; see tests.live_stage."""
    from tests.live_stage import Server

    server = Server()
    yield server
    server.stop()


@pytest.fixture
def stage(asgi_server: object, django_db_blocker: pytest.FixtureRequest) -> Iterator[object]:
    """Give runs that are really committed, for watchers in other threads; see tests.live_stage."""
    from tests.live_stage import Stage

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        stage = Stage(asgi_server)
        yield stage
        asgi_server.rest()  # type: ignore[attr-defined]
        stage.clear()


@pytest.fixture
def bench(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[object]:
    """Return a workbench whose runs are really committed; what the test made is deleted afterwards."""
    from tests.workbench import Bench, require_given_back

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        found = Bench()
        found.never_suspended()
        yield found
        found.clear()
        require_given_back()


@pytest.fixture
def probes() -> Iterator[dict[str, Callable[..., object]]]:
    """Make the node type ``probe`` known, and return what its nodes do, by name."""
    from tests.probe import registered

    with registered() as behaviours:
        yield behaviours
