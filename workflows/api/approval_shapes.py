"""How approvals look from outside: what is asked, who may decide, how the votes stand, and what may be said."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexod.http.serializers import ClosedSerializer, JsonObjectField
from tenants.accounts.api.serializers import PersonSerializer
from workflows.actions.approvals import offered
from workflows.api.fields import OptionalChoice, StoredObject
from workflows.approvals.answers import fenced
from workflows.approvals.quorum import Tally
from workflows.approvals.seen import present_digest
from workflows.models import Approval, Vote

CONTENT_LIMIT = 200_000


class ApprovalRefusalSerializer(serializers.Serializer[Any]):
    """Why the caller may not decide now; the code is the one that deciding would be refused with."""

    code = serializers.CharField()
    message = serializers.CharField()


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """A question, without what it is about. Rows carry ``refusal``, see ``ApprovalViewSet``."""

    run_title = serializers.CharField(source="run.title", read_only=True)
    node = serializers.CharField(source="step.node", read_only=True)
    decision = OptionalChoice(Approval.Decision)
    decisions = serializers.SerializerMethodField(help_text="What may be decided")
    decided_by = PersonSerializer(read_only=True, allow_null=True)
    assigned_to = PersonSerializer(read_only=True, allow_null=True)
    claimed_by = PersonSerializer(read_only=True, allow_null=True)
    digest = serializers.SerializerMethodField(help_text="SHA-256 of what is to be seen now; give it back to decide")
    may_decide = serializers.SerializerMethodField(help_text="Whether the caller may decide now")
    refusal = serializers.SerializerMethodField(help_text="Why not")
    allowance = serializers.FloatField(
        read_only=True, allow_null=True, help_text="What this run may use on top of the budget, if approved"
    )

    class Meta:
        model = Approval
        fields = [
            "id", "kind", "subject", "run", "run_title", "step", "node", "effect", "budget", "allowance", "title",
            "instructions", "roles", "groups", "decisions", "status", "decision", "comment", "decided_by", "decided_at",
            "assigned_to", "claimed_by", "claimed_at", "digest", "round", "level", "due_at", "may_decide", "refusal",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Approval.Decision.choices)))
    def get_decisions(self, approval: Approval) -> list[str]:
        """Return what is offered."""
        return list(offered(approval))

    def get_digest(self, approval: Approval) -> str:
        """Return the hash, as it was stored: a list has not read what it would be made of."""
        return approval.digest

    def get_may_decide(self, approval: Any) -> bool:
        """Say whether nothing keeps the caller from it."""
        return approval.refusal is None

    @extend_schema_field(ApprovalRefusalSerializer(allow_null=True))
    def get_refusal(self, approval: Any) -> dict[str, str] | None:
        """Return code and message."""
        found = approval.refusal
        return None if found is None else {"code": found.code, "message": found.message}


class VoteSerializer(serializers.ModelSerializer[Vote]):
    """What one person said in a round."""

    user = PersonSerializer(read_only=True, allow_null=True)
    for_user = PersonSerializer(read_only=True, allow_null=True, help_text="Who was away")

    class Meta:
        model = Vote
        fields = ["round", "user", "for_user", "decision", "comment", "digest", "created_at"]
        read_only_fields = fields


class ApprovalProgressSerializer(serializers.Serializer[Tally]):
    """How the votes of the present round stand."""

    needed = serializers.IntegerField(help_text="How many have to approve")
    approved = serializers.IntegerField()
    rejected = serializers.IntegerField()
    places = serializers.IntegerField(help_text="How many may decide")
    missing = serializers.IntegerField(source="left", help_text="How many of them have not voted")


class ApprovalDetailSerializer(ApprovalSerializer):
    """A question with what is to be decided on, what an edit has to fit, and every vote."""

    content = serializers.CharField(source="proposal", read_only=True, help_text="Markdown, edited or not")
    asked_content = serializers.CharField(source="content", read_only=True, help_text="Markdown, as it was asked")
    edited_content = serializers.CharField(read_only=True)
    arguments = StoredObject(allow_null=True, help_text="Of a tool: what it would be called with")
    schema = StoredObject(allow_null=True, help_text="JSON Schema that an edit has to fit")
    policy = StoredObject(help_text="Who, how many and when, as resolved when it was asked")
    previous = serializers.PrimaryKeyRelatedField[Approval](
        read_only=True, allow_null=True, help_text="What was asked here the last time"
    )
    progress = ApprovalProgressSerializer(read_only=True, allow_null=True, help_text="Of a pending one")
    votes = VoteSerializer(many=True, read_only=True)

    def get_digest(self, approval: Approval) -> str:
        """Return the hash, also of what was asked before there were hashes."""
        return present_digest(approval)

    class Meta(ApprovalSerializer.Meta):
        fields = [
            *ApprovalSerializer.Meta.fields, "content", "asked_content", "edited_content", "arguments", "schema", "policy",
            "previous", "progress", "votes",
        ]  # fmt: skip
        read_only_fields = fields


class Decide(ClosedSerializer):
    """A decision; ``content`` is the edited text of an edit, or what an effect that happened gave, as JSON."""

    decision = serializers.ChoiceField(choices=Approval.Decision.choices)
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")
    content = serializers.CharField(max_length=CONTENT_LIMIT, allow_blank=True, trim_whitespace=False, default="")
    arguments = JsonObjectField(required=False, help_text="Of an edit of a tool's call: in place of content")
    digest = serializers.CharField(
        max_length=64, allow_blank=True, default="", help_text="Of what was seen: anything else is refused with 409"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Write arguments as the content that people would edit."""
        arguments = attrs.pop("arguments", None)
        return attrs if arguments is None else {**attrs, "content": fenced(arguments)}


class Reassign(ClosedSerializer):
    """To whom an approval is handed, and in whose place, where that is not the caller's."""

    to = serializers.EmailField(max_length=254)
    instead_of = serializers.EmailField(max_length=254, required=False)
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")
