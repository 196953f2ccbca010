"""What is sent to add, replace and retry documents, and what else is answered than a document."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from rest_framework import serializers

from agents.actions.addresses import LONGEST, MOST_AT_ONCE
from agents.knowledge.metadata import RULE
from agents.knowledge.parsing.formats import NAMES
from agents.models import Document, KnowledgeBase, Sitemap
from nexod.http.serializers import ClosedSerializer, JsonObjectField
from tenants.accounts.models import User


def _base(**options: Any) -> Any:
    field: Any = serializers.PrimaryKeyRelatedField(
        queryset=KnowledgeBase.objects.all(),
        pk_field=serializers.UUIDField(),
        help_text="Id of the knowledge base",
        **options,
    )
    return field


def _address() -> serializers.CharField:
    return serializers.CharField(
        max_length=LONGEST,
        required=False,
        help_text="Yours, such as a path: new content at the same address replaces the old",
    )


def _metadata() -> JsonObjectField:
    return JsonObjectField(required=False, help_text=f"By which searches can be narrowed. {RULE}")


def _visibility() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=Document.Visibility.choices,
        default=Document.Visibility.EVERYONE,
        help_text="restricted: a new one is read by you alone, until its readers are named; one that is there keeps its own",
    )


class UploadSerializer(serializers.Serializer[Any]):
    """A file and where it belongs."""

    knowledge_base = _base()
    file = serializers.FileField(allow_empty_file=True, max_length=1000, help_text=NAMES)
    address = _address()
    metadata = _metadata()
    visibility = _visibility()


class TextSerializer(ClosedSerializer):
    """A text and where it belongs."""

    knowledge_base = _base()
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(
        trim_whitespace=False, help_text="Markdown or plain; longer ones are uploaded as files"
    )
    address = _address()
    metadata = _metadata()
    visibility = _visibility()


class AddressesSerializer(ClosedSerializer):
    """Pages of the web and where they belong."""

    knowledge_base = _base()
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=2_000), min_length=1, max_length=MOST_AT_ONCE, help_text="http(s) URLs"
    )
    metadata = _metadata()
    visibility = _visibility()


class NewSitemapSerializer(ClosedSerializer):
    """A sitemap, and what its pages become."""

    knowledge_base = _base()
    address = serializers.CharField(max_length=LONGEST, help_text="Its http(s) URL")
    metadata = _metadata()
    visibility = _visibility()


class ChangedDocumentSerializer(ClosedSerializer):
    """What can be changed of a document; its content is replaced at its address."""

    metadata = _metadata()


class FailedDocumentsSerializer(ClosedSerializer):
    """Which of the failed documents are meant; nothing means all."""

    knowledge_base = _base(required=False)
    sitemap: Any = serializers.PrimaryKeyRelatedField(
        queryset=Sitemap.objects.all(), pk_field=serializers.UUIDField(), required=False
    )
    code = serializers.CharField(max_length=60, required=False, help_text="Of the error")


class BegunSerializer(serializers.Serializer[Any]):
    """How many are read anew."""

    documents = serializers.IntegerField()


class DocumentTextSerializer(serializers.Serializer[Any]):
    """A stretch of a document's text, and how long the whole is."""

    start = serializers.IntegerField()
    length = serializers.IntegerField()
    text = serializers.CharField()


class ProgressSerializer(serializers.Serializer[Any]):
    """How far it is; the speed is that of the last two minutes."""

    documents = serializers.IntegerField()
    ready = serializers.IntegerField()
    failed = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    pending = serializers.IntegerField()
    processing = serializers.IntegerField()
    bytes = serializers.IntegerField()
    bytes_done = serializers.IntegerField()
    documents_per_minute = serializers.FloatField()
    bytes_per_s = serializers.FloatField()
    seconds_left = serializers.IntegerField(allow_null=True)


class ReadersSerializer(ClosedSerializer):
    """Who may read a document."""

    visibility = serializers.ChoiceField(choices=Document.Visibility.choices)
    readers = serializers.PrimaryKeyRelatedField(
        required=False, many=True, queryset=User.objects.all(), pk_field=serializers.UUIDField()
    )
    reader_groups = serializers.SlugRelatedField(
        required=False, many=True, slug_field="name", queryset=Group.objects.all(), help_text="Names of groups or roles"
    )
