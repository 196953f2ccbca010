"""``/triggers``: what starts workflows by itself; and ``/firings``, what came of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.api.references import by_slug
from nexod.http.serializers import ClosedSerializer, EmptySerializer, JsonObjectField
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer
from tenants.accounts.models import User
from tenants.due_times import database_now
from workflows.actions import triggers
from workflows.actions.firings import fire_by_hand
from workflows.api.firings import FiringDetailSerializer
from workflows.models import Trigger, Workflow, WorkflowVersion
from workflows.triggers import registry
from workflows.triggers.base import refused
from workflows.triggers.schedule import ScheduleTrigger
from workflows.triggers.times import upcoming

KINDS = [kind.kind for kind in registry.all_kinds()]


class TriggerSerializer(serializers.ModelSerializer[Trigger]):
    """A trigger; a webhook with its address, never with its secret."""

    workflow: serializers.SlugRelatedField[Workflow] = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True, default=None, allow_null=True)
    kind = serializers.ChoiceField(choices=KINDS, read_only=True)
    config = JsonObjectField(read_only=True)
    inputs = JsonObjectField(read_only=True)
    acts_as = PersonSerializer(read_only=True, allow_null=True)
    address = serializers.SerializerMethodField(help_text="Of a webhook: where to send, a path on this host; or null")

    class Meta:
        model = Trigger
        fields = ["id", "name", "workflow", "version", "kind", "config", "inputs", "overlap", "is_enabled", "acts_as", "address",
                  "next_due", "created_at", "updated_at"]  # fmt: skip
        read_only_fields = fields

    def get_address(self, trigger: Trigger) -> str | None:
        """Return the path to which others send."""
        return reverse("hook", args=(trigger.token,)) if trigger.token else None


class IssuedTriggerSerializer(TriggerSerializer):
    """A new trigger, of a webhook with its secret."""

    secret = serializers.CharField(help_text="Shown this once; empty for what is no webhook")

    class Meta(TriggerSerializer.Meta):
        fields = [*TriggerSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class UpdateTrigger(ClosedSerializer):
    """What may change."""

    name = serializers.CharField(max_length=120, required=False)
    workflow = by_slug(Workflow.objects.select_related("published"), required=False, help_text="Slug of a workflow")
    version = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, help_text="A published version; null: the newest"
    )
    config = JsonObjectField(required=False, help_text="By the kind; see /trigger-kinds")
    inputs = JsonObjectField(
        required=False, help_text='{"<input>": {"from": "<path>", "default": ...} | {"template": ...} | {"value": ...}}'
    )
    overlap = serializers.ChoiceField(choices=Trigger.Overlap.choices, required=False)
    is_enabled = serializers.BooleanField(required=False)
    acts_as = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), required=False, help_text="Whose rights its runs have; absent: yours"
    )


class CreateTrigger(UpdateTrigger):
    """A new trigger."""

    name = serializers.CharField(max_length=120)
    workflow = by_slug(Workflow.objects.select_related("published"), help_text="Slug of a workflow")
    kind = serializers.ChoiceField(choices=KINDS)
    secret = serializers.CharField(
        max_length=200, required=False, help_text="Of a webhook: what the sender signs with; absent: made here"
    )


class Fire(ClosedSerializer):
    """What to try it with."""

    event = JsonObjectField(required=False, help_text="What the inputs are taken from; absent: a sample")


class RotateSecret(ClosedSerializer):
    """How the secret changes."""

    secret = serializers.CharField(max_length=200, required=False, help_text="Absent: made here")
    overlap_h = serializers.IntegerField(
        min_value=0, max_value=triggers.MAX_OVERLAP_H, default=24, help_text="Hours for which the former one is taken"
    )


class SecretSerializer(serializers.Serializer[Any]):
    """A secret, shown this once."""

    secret = serializers.CharField()


class UpcomingSerializer(serializers.Serializer[Any]):
    """When a schedule fires next."""

    zone = serializers.CharField(help_text="The time zone of the schedule; times are in UTC")
    times = serializers.ListField(child=serializers.DateTimeField())


@extend_schema_view(
    list=extend_schema(summary="List triggers"),
    retrieve=extend_schema(summary="Get a trigger"),
    destroy=extend_schema(summary="Delete a trigger", description="Delete it with its firings; its runs stay."),
)
class TriggerViewSet(DestroyByAction, ReadViewSet):
    """Schedules, webhooks and events that start workflows."""

    queryset = Trigger.objects.select_related("workflow", "version", "acts_as")
    serializer_class = TriggerSerializer
    filterset_fields = ("kind", "is_enabled", "workflow")
    write_serializers = {
        "create": CreateTrigger,
        "partial_update": UpdateTrigger,
        "fire": Fire,
        "pause": EmptySerializer,
        "resume": EmptySerializer,
        "rotate_secret": RotateSecret,
    }
    permissions_of = {
        "fire": ["workflows.change_trigger", "workflows.run_workflow"],
        **{name: ["workflows.change_trigger"] for name in ("pause", "resume", "rotate_secret")},
    }
    scope_of = {"fire": "run"}
    destroy_action = staticmethod(triggers.delete_trigger)

    def get_queryset(self) -> QuerySet[Trigger]:
        """Return no definitions."""
        return super().get_queryset().defer("version__definition")

    @extend_schema(summary="Create a trigger", responses={201: IssuedTriggerSerializer})
    def create(self, request: Request) -> Response:
        """Create a trigger; a webhook's secret is shown this once."""
        trigger, secret = triggers.create_trigger(actor=actor_of(request), **_pinned(self.validated()))
        return Response({**self.get_serializer(trigger).data, "secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change a trigger", responses=TriggerSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given; the kind stays."""
        trigger = self.get_object()
        changes = _pinned(self.validated(partial=True), trigger.workflow)
        return self.shown(triggers.update_trigger(actor=actor_of(request), trigger=trigger, **changes))

    @extend_schema(summary="Fire a trigger by hand", responses={202: FiringDetailSerializer})
    @action(detail=True, methods=["post"])
    def fire(self, request: Request, **kwargs: Any) -> Response:
        """Fire now, also while it is paused, with the event given or with a sample."""
        firing = fire_by_hand(actor=actor_of(request), trigger=self.get_object(), **self.validated())
        return Response(FiringDetailSerializer(firing).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Pause a trigger", request=None, responses=TriggerSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **kwargs: Any) -> Response:
        """Let it start nothing until it is resumed."""
        actor, trigger = actor_of(request), self.get_object()
        return self.shown(triggers.set_enabled(actor=actor, trigger=trigger, is_enabled=False))

    @extend_schema(summary="Resume a trigger", request=None, responses=TriggerSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, **kwargs: Any) -> Response:
        """Let it go on; what a schedule missed meanwhile is not made up for."""
        actor, trigger = actor_of(request), self.get_object()
        return self.shown(triggers.set_enabled(actor=actor, trigger=trigger, is_enabled=True))

    @extend_schema(summary="Rotate the secret of a webhook trigger", responses=SecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, **kwargs: Any) -> Response:
        """Give it a new secret, shown this once; the former one is taken for a while."""
        actor, trigger = actor_of(request), self.get_object()
        return Response({"secret": triggers.rotate_secret(actor=actor, trigger=trigger, **self.validated())})

    @extend_schema(summary="Get the next firings of a schedule", responses=UpcomingSerializer)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def upcoming(self, request: Request, **kwargs: Any) -> Response:
        """Return the next ten times; none for what is no schedule, or paused."""
        trigger = self.get_object()
        goes = trigger.kind == ScheduleTrigger.kind and trigger.is_enabled
        times = upcoming(trigger.config, database_now(), 10) if goes else []
        return Response(UpcomingSerializer({"zone": trigger.config.get("zone", "UTC"), "times": times}).data)


def _pinned(fields: dict[str, Any], workflow: Workflow | None = None) -> dict[str, Any]:
    """Return the fields with the row of the version whose number is given."""
    if fields.get("version") is None:
        return fields
    rows = WorkflowVersion.objects.filter(workflow=fields.get("workflow", workflow), number=fields["version"])
    found = rows.first()
    if found is None:
        raise refused([("version", "The workflow has no such published version.")])
    return {**fields, "version": found}
