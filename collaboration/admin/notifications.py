"""One's own notifications."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from unfold.decorators import display

from collaboration.actions.notifications import mark_all_read, mark_read
from collaboration.models import Notification
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import ReadOnlyAdmin

LIST = "admin:collaboration_notification_changelist"


@admin.register(Notification, site=tenant_site)
class NotificationAdmin(ReadOnlyAdmin):
    """What the person was told; opening one marks it read and goes where it leads."""

    icon = "notifications"
    empty_hint = "You are told here when an approval waits for you or a run of yours has ended."
    list_display = ("line", "state", "told")
    list_display_links = None
    list_filter = ("kind", ("read_at", admin.EmptyFieldListFilter))
    change_list_template = "nexod/notifications/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Return one's own."""
        rows = Notification.objects.visible_to(actor_of(request))
        return (rows if "folded_into__id__exact" in request.GET else rows.shown()).with_more()

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let everybody in: they are one's own."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let everybody see what ``get_queryset`` gives."""
        return True

    @display(description="Notification")
    def line(self, notification: Notification) -> str:
        """Show the title; pressing it opens what it is about."""
        address = reverse("admin:notification_open", args=(notification.pk,))
        weight = "" if notification.read_at else "nx-unread"
        line = format_html('<a class="nx-link {}" href="{}">{}</a>', weight, address, notification.title)
        more = getattr(notification, "more", 0)
        if not more:
            return line
        others = f"{reverse(LIST)}?folded_into__id__exact={notification.pk}"
        return format_html('{} <a class="nx-link nx-muted" href="{}">and {} more</a>', line, others, more)

    @display(description="State")
    def state(self, notification: Notification) -> str:
        """Show whether it was read."""
        return states.chip("done", text="Read") if notification.read_at else states.chip("waiting", text="New")

    @display(description="Told", ordering="created_at")
    def told(self, notification: Notification) -> str:
        """Show when it came."""
        return formats.ago(notification.created_at)


@tenant_site.page("collaboration/notification/<uuid:notification_id>/open/", "notification_open")
def open_notification(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Mark it read and go where it leads, within this host."""
    actor = actor_of(request)
    notification = get_object_or_404(Notification, pk=notification_id, user_id=actor.pk)
    mark_read(actor=actor, notification=notification)
    here = url_has_allowed_host_and_scheme(notification.url, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(notification.url if notification.url and here else reverse(LIST))


@tenant_site.page("collaboration/notification/read-all/", "notifications_read")
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all of one's own read."""
    mark_all_read(actor=actor_of(request))
    return HttpResponseRedirect(reverse(LIST))
