"""A shape gives what its serializer gives, for every resource of the API and for fields of every kind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.test import RequestFactory
from django.urls import resolve
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from nexod.http.shapes import all_shown, shown
from nexod.http.viewsets import ReadViewSet
from tenants.context import enter_tenant
from tests.content import fill
from tests.routes import routes
from workflows.api.fields import ReasonSerializer

READS = [route for route in routes() if route.action in ("list", "retrieve") and issubclass(route.view, ReadViewSet)]


def as_json(value):
    return json.loads(JSONRenderer().render(value))


@pytest.mark.parametrize("route", READS, ids=str)
def test_a_shape_gives_what_its_serializer_gives(acme, person, route):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill(owner)
        kwargs = resolve(f"/api/v1/{route.of(content)}", "nexod.urls").kwargs
        request = RequestFactory().get("/")
        request.user, request.query_params = owner, {}
        view = route.view(action=route.action, kwargs=kwargs, request=request, format_kwarg=None)
        rows = view.completed([view.get_object()] if route.action == "retrieve" else view.get_queryset())
        serializer = view.get_serializer_class()
        assert rows
        assert as_json(all_shown(serializer, rows)) == as_json(serializer(rows, many=True).data)


class Inner(serializers.Serializer):
    number = serializers.IntegerField()
    word = serializers.CharField(default="none")


class Every(serializers.Serializer):
    key = serializers.UUIDField()
    at = serializers.DateTimeField()
    far = serializers.CharField(source="inner.word")
    inner = Inner()
    many = Inner(many=True)
    absent = serializers.CharField(required=False)
    nothing = Inner(allow_null=True)
    counted = serializers.IntegerField(source="count")
    secret = serializers.CharField(write_only=True)
    told = serializers.SerializerMethodField()

    def get_told(self, row):
        return f"{row.inner['word']}!"


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
def test_fields_of_every_kind_are_converted(zone):
    row = SimpleNamespace(
        key=UUID(int=7),
        at=datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=zone),
        inner={"number": 1, "word": "sea"},
        many=[{"number": "2"}, SimpleNamespace(number=3, word="land")],
        nothing=None,
        count=lambda: 4,
    )
    answer = shown(Every, row)
    assert answer == as_json(Every(row).data)
    assert (answer["key"], answer["far"], answer["told"]) == (str(UUID(int=7)), "sea", "sea!")
    assert answer["many"] == [{"number": 2, "word": "none"}, {"number": 3, "word": "land"}]
    assert not {"absent", "secret"} & answer.keys()


def test_a_serializer_that_shows_itself_is_asked():
    class Loud(serializers.Serializer):
        word = serializers.CharField()

        def to_representation(self, row):
            return {"word": row["word"].upper()}

    assert shown(Loud, {"word": "sea"}) == {"word": "SEA"}


def test_what_a_row_lacks_is_no_silent_gap():
    with pytest.raises(KeyError):
        shown(ReasonSerializer, {"message": "It has no code."})
