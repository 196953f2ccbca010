"""The settings of REST framework and of its schema, for nexod.settings to import. Names only, nothing is imported here."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.accounts.authentication.ApiKeyAuthentication",
        "tenants.accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["nexod.http.permissions.ModelPermissions"],
    "DEFAULT_THROTTLE_CLASSES": ["nexod.http.throttling.Throttle"],
    "DEFAULT_PARSER_CLASSES": ["nexod.http.bodies.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "nexod.http.pagination.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["nexod.http.filters.AskedFilters"],
    "DEFAULT_SCHEMA_CLASS": "nexod.http.operations.OperationSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "nexod.http.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": False,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Nexod API",
    "DESCRIPTION": (
        "Agents that execute workflows, and the people who watch, approve and correct them.\n\n"
        "Every path is relative to the tenant's host. Authenticate with `Authorization: Bearer <api key>` or a session. "
        "Lists are newest first and paginate by cursor. A POST with an `Idempotency-Key` acts once. "
        "Every error has the same envelope, and every answer an `X-Request-ID`."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "BudgetScopeEnum": "agents.models.budget.Budget.Scope",
        "MemoryScopeEnum": "agents.models.memory.Memory.Scope",
        "RunStatus": "workflows.models.Run.Status",
        "StepStatus": "workflows.models.Step.Status",
        "ApprovalStatus": "workflows.models.Approval.Status",
        "DocumentStatus": "agents.models.Document.Status",
        "EffectStatus": "workflows.models.Effect.Status",
        "EvaluationStatus": "workflows.models.Evaluation.Status",
        "TrialStatus": "workflows.models.Trial.Status",
        "KindEnum": "workflows.models.Run.Kind",
        "ApprovalKind": "workflows.models.Approval.Kind",
        "EffectKind": "workflows.models.Effect.Kind",
        "DecisionEnum": "workflows.models.Approval.Decision",
        "FiringOutcome": "workflows.models.Firing.Outcome",
        "FiringSource": "workflows.models.Firing.Source",
        "TriggerOverlap": "workflows.models.Trigger.Overlap",
        "DeliveryStatus": "collaboration.models.Delivery.Status",
        "CommentSubjectKind": "collaboration.api.comment_shapes.KINDS",
        "DraftStateKind": "workflows.models.draft.DraftSnapshot.Kind",
        "CredentialKind": "agents.models.Credential.Kind",
        "TriggerKind": "workflows.api.triggers.KINDS",
        "WebhookEvent": "collaboration.api.webhooks.EVENT_NAMES",
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # The hook below describes what the API really accepts, once for all operations.
    "AUTHENTICATION_WHITELIST": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "workflows.api.events_schema.describe_events",
        "nexod.http.schema.describe_manners",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
}
