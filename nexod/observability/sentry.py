"""Error reports to Sentry: off without a DSN and then not even imported; never a secret, a prompt, a body or a header."""

from __future__ import annotations

from typing import Any

from nexod.kernel import scope
from nexod.kernel.errors import NexodError
from nexod.observability.redaction import redact, redact_text

# Only these modules' messages are known to state facts about the program; others quote what they were given.
TELLING = ("nexod", "tenants", "agents", "workflows", "collaboration", "django")
MESSAGE_LIMIT = 300
DROPPED = ("request", "extra", "breadcrumbs", "modules", "user", "server_name")
FRAME_FIELDS = ("filename", "abs_path", "function", "module", "lineno", "in_app")
OFF = {"mode": "off"}
# Takes the place of send_default_pii=False, and says it for each kind of data.
COLLECTED: Any = {
    "provided_by_user": False,
    "user_info": False,
    "cookies": OFF,
    "http_headers": {"request": OFF},
    "http_bodies": [],
    "url_query_params": OFF,
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
    "frame_context_lines": 5,
}

# The SDK's TypedDict, which only its own type checking can name without importing it.
Event = Any
Hint = dict[str, Any]


def start(dsn: str, *, environment: str, release: str = "", **options: Any) -> bool:
    """Begin to report to ``dsn``; return False, having imported nothing, when it is empty."""
    if not dsn:
        return False
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        data_collection=COLLECTED,
        max_request_body_size="never",
        max_breadcrumbs=0,
        attach_stacktrace=False,
        auto_session_tracking=False,
        # Nothing is switched on because it happens to be installed: the AI integrations would send prompts.
        auto_enabling_integrations=False,
        default_integrations=True,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            CeleryIntegration(),
            LoggingIntegration(level=None, sentry_logs_level=None),
        ],
        before_send=scrub,
        before_send_transaction=scrub,
        **options,
    )
    ignore_logger("nexod.request")
    ignore_logger("nexod.task")
    return True


def scrub(event: Event, hint: Hint) -> Event:
    """Return the event without what may be personal, secret or a tenant's content; None when it is no error of ours."""
    error = (hint.get("exc_info") or (None, None, None))[1]
    if isinstance(error, NexodError) and error.status < 500:
        return None
    event = {name: value for name, value in event.items() if name not in DROPPED}
    for value in (event.get("exception") or {}).get("values") or []:
        _scrub_exception(value)
    for message in (event.get("logentry"), event if isinstance(event.get("message"), str) else None):
        _scrub_message(message)
    event["spans"] = [_scrub_span(span) for span in event.get("spans") or []]
    event["contexts"] = {
        name: redact(value) for name, value in (event.get("contexts") or {}).items() if name != "celery-job"
    }
    event["tags"] = {**redact(event.get("tags") or {}), **scope.labels()}
    return event


def _scrub_exception(value: dict[str, Any]) -> None:
    module = str(value.get("module") or "").partition(".")[0]
    text = str(value.get("value") or "")
    value["value"] = redact_text(text)[:MESSAGE_LIMIT] if module in TELLING else ""
    trace = value.get("stacktrace") or {}
    keep = (*FRAME_FIELDS, "context_line", "pre_context", "post_context")
    trace["frames"] = [{name: frame[name] for name in keep if name in frame} for frame in trace.get("frames") or []]


def _scrub_message(holder: dict[str, Any] | None) -> None:
    """A log template is ours; what was filled into it may not be."""
    if not holder:
        return
    holder.pop("params", None)
    holder.pop("formatted", None)
    if isinstance(holder.get("message"), str):
        holder["message"] = redact_text(holder["message"])[:MESSAGE_LIMIT]


def _scrub_span(span: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in span.items() if name not in ("description", "data", "tags")}
