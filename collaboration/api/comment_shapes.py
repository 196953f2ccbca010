"""What threads and comments look like in the API, and what is sent to write them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from collaboration.models import Comment, CommentEdit, CommentThread, Reaction
from nexod.http.serializers import ClosedSerializer
from tenants.accounts.api.serializers import PersonSerializer

TEXT = Comment._meta.get_field("text").max_length
POSITION = CommentThread._meta.get_field("range_start").max_length
KINDS = CommentThread.Kind.values
PARTS = CommentThread.Part.values


class CommentSubjectSerializer(serializers.Serializer[Any]):
    """What a thread is about."""

    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField(source="subject_id")
    name = serializers.CharField(source="subject_name")


class CommentAnchorSerializer(serializers.Serializer[Any]):
    """The place that is meant. It is remembered as it was: a thread whose place is gone says so and stays readable."""

    part = serializers.ChoiceField(choices=PARTS)
    node = serializers.CharField(help_text="Key of the node in the shared document; of a step, the id of its node")
    field = serializers.CharField(help_text="Of a range: which text of the node, such as config.prompt")
    step = serializers.UUIDField(source="step_id", allow_null=True)
    place = serializers.CharField(help_text="What the place was called when the thread was opened")
    quote = serializers.CharField(help_text="The words of the range as they were then")
    start = serializers.CharField(source="range_start", help_text="Yjs relative position, base64; empty: by the words")
    end = serializers.CharField(source="range_end")
    at_start = serializers.IntegerField(allow_null=True, help_text="Where the range was last, in characters")
    at_end = serializers.IntegerField(allow_null=True)
    orphaned_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when the place is gone; null: it is there"
    )


class CommentPersonSerializer(serializers.Serializer[Any]):
    """Somebody who reacted."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class ReactionSerializer(serializers.Serializer[Any]):
    """A sign and who gave it."""

    sign = serializers.ChoiceField(choices=Reaction.SIGNS)
    people = CommentPersonSerializer(many=True)


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """Something said; of what was deleted the words are gone."""

    author = PersonSerializer(read_only=True, allow_null=True)
    html = serializers.CharField(read_only=True, help_text="The text's Markdown as HTML that cannot do anything")
    mentions = PersonSerializer(source="people", many=True, read_only=True)
    reactions = ReactionSerializer(source="reacted", many=True, read_only=True)

    class Meta:
        model = Comment
        fields = [
            "id",
            "thread",
            "author",
            "text",
            "html",
            "mentions",
            "reactions",
            "edited_at",
            "deleted_at",
            "created_at",
        ]
        read_only_fields = fields


class CommentThreadSerializer(serializers.ModelSerializer[CommentThread]):
    """A conversation at one place, with what was said last; by itself with all that was said."""

    subject = CommentSubjectSerializer(source="*", read_only=True)
    anchor = CommentAnchorSerializer(source="*", read_only=True)
    author = PersonSerializer(read_only=True, allow_null=True)
    resolved_by = PersonSerializer(read_only=True, allow_null=True)
    replies = serializers.IntegerField(read_only=True, help_text="How many comments there are that nobody deleted")
    is_unread = serializers.BooleanField(read_only=True, help_text="Others have written since you looked")
    comments = CommentSerializer(source="said", many=True, read_only=True, help_text="In a list: the newest ten")

    class Meta:
        model = CommentThread
        fields = ["id", "subject", "anchor", "author", "replies", "is_unread", "comments", "resolved_at", "resolved_by", "last_at",
                  "created_at"]  # fmt: skip
        read_only_fields = fields


class CommentEditSerializer(serializers.ModelSerializer[CommentEdit]):
    """A text that a comment had; ``created_at`` is when it was replaced."""

    class Meta:
        model = CommentEdit
        fields = ["id", "text", "created_at"]
        read_only_fields = fields


class FormerTextsSerializer(serializers.Serializer[Any]):
    """What a comment said before; at most fifty, so there are no pages."""

    results = CommentEditSerializer(many=True, read_only=True)


class WriteComment(ClosedSerializer):
    """What to say."""

    text = serializers.CharField(max_length=TEXT, help_text="Markdown; @ and an e-mail address mentions somebody")


class WriteSubject(ClosedSerializer):
    """What to comment on."""

    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()


class WriteAnchor(ClosedSerializer):
    """Which part of it."""

    part = serializers.ChoiceField(choices=PARTS, default="whole")
    node = serializers.CharField(max_length=80, required=False)
    field = serializers.CharField(max_length=200, required=False)
    quote = serializers.CharField(max_length=500, required=False, trim_whitespace=False)
    start = serializers.CharField(max_length=POSITION, required=False)
    end = serializers.CharField(max_length=POSITION, required=False)
    step = serializers.UUIDField(required=False)


class OpenThread(WriteComment):
    """A new thread with its first comment."""

    subject = WriteSubject()
    anchor = WriteAnchor(required=False)


class WriteReaction(ClosedSerializer):
    """A sign to give or to take back."""

    sign = serializers.ChoiceField(choices=Reaction.SIGNS)
    on = serializers.BooleanField(default=True)


class MentionableSerializer(serializers.Serializer[Any]):
    """Those who can be mentioned."""

    people = PersonSerializer(many=True)
