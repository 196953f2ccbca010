"""Start and watch in one request: a POST that starts a run, with ``Accept: text/event-stream``, is answered with its events.

Everything else of the POST stays as it is: with an ``Idempotency-Key`` the second one watches the run that the first one started.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_202_ACCEPTED

from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.models import ApiKey
from tenants.context import current_tenant
from workflows import live
from workflows.api.events import MEDIA_TYPE, Watch, stream


class WatchedFromTheStart(ApiViewSet):
    """Mixed into what answers 202 with a run. Who may not watch, or watches too much already, starts nothing."""

    _watch: Watch | None = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Let a stream be asked for: errors before it begins are JSON."""
        return super().perform_content_negotiation(request, force=force or wants_stream(request))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks and for what, also as a watcher."""
        super().initial(request, *args, **kwargs)
        if wants_stream(request):
            user, key = actor_of(request), cast("ApiKey | None", request.auth)
            live.require_watcher(user, key)
            self._watch = Watch(request._request)
            self._watch.recognise(user, key)
            self._watch.hold(str(user.pk))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer with the stream of the run that was started."""
        watch, self._watch = self._watch, None
        if watch is not None and response.status_code == HTTP_202_ACCEPTED:
            response = _streamed(watch, response)
        elif watch is not None:
            watch.end()
        return super().finalize_response(request, response, *args, **kwargs)


def wants_stream(request: Request) -> bool:
    """Say whether the caller asks for events as they happen."""
    return MEDIA_TYPE in request.headers.get("Accept", "")


def _streamed(watch: Watch, accepted: Response) -> Any:
    run_id = UUID(accepted.data["id"])
    watch.run_id = run_id
    streamed = stream(watch, current_tenant(), run_id)
    streamed["Location"] = accepted.data["url"]
    for name, value in accepted.items():
        streamed.setdefault(name, value)
    return streamed
