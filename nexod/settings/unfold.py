"""How the two admins look and what their sidebars lead to: UNFOLD for a tenant's people, UNFOLD_STAFF for the platform's staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

Entry = dict[str, Any]

BASE = {
    "50": "#f7f8fa", "100": "#eef0f4", "200": "#e1e4ea", "300": "#cbd0da", "400": "#98a0b0", "500": "#656e80",
    "600": "#4b5466", "700": "#384152", "800": "#232b3a", "900": "#151b27", "950": "#0d121b",
}  # fmt: skip
PRIMARY = {
    "50": "#eef2ff", "100": "#e0e7ff", "200": "#c7d3fe", "300": "#a3b5fc", "400": "#7f93f8", "500": "#6072ef",
    "600": "#4754dc", "700": "#3b44b8", "800": "#323a93", "900": "#2d3575", "950": "#1b1f45",
}  # fmt: skip


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    def allowed(request: HttpRequest) -> bool:
        return bool(request.user.has_perm(permission))

    return allowed


def _entry(title: str, icon: str, page: str, permission: str = "", badge: str = "") -> Entry:
    entry: Entry = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{page}")}
    if permission:
        entry["permission"] = _may(permission)
    if badge:
        entry["badge"] = badge
    return entry


def _changelist(title: str, icon: str, app: str, model: str, badge: str = "") -> Entry:
    return _entry(title, icon, f"{app}_{model}_changelist", f"{app}.view_{model}", badge)


def _asset(path: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(path)


def workspace_name(request: HttpRequest) -> str:
    """Return the tenant's name for the top of its sidebar."""
    tenant = getattr(request, "tenant", None)
    return tenant.name if tenant else "Nexod"


WORK = [
    _entry("Home", "home", "index"),
    _entry("Find", "search", "find"),
    _changelist("Approvals", "how_to_reg", "workflows", "approval", badge="workflows.admin.badges.pending_approvals"),
    _changelist("Runs", "play_circle", "workflows", "run", badge="workflows.admin.badges.active_runs"),
    _changelist("Artifacts", "draft", "workflows", "artifact"),
]
BUILD = [
    _changelist("Workflows", "account_tree", "workflows", "workflow"),
    _changelist("Triggers", "bolt", "workflows", "trigger"),
    _changelist("Crews", "groups", "agents", "crew"),
    _changelist("Agents", "smart_toy", "agents", "agent"),
    _changelist("Knowledge", "menu_book", "agents", "knowledgebase"),
    _changelist("Memories", "neurology", "agents", "memory"),
    _changelist("Model connections", "hub", "agents", "modelconnection"),
    _changelist("Credentials", "key", "agents", "credential"),
    _changelist("Vector stores", "database", "agents", "storeconnection"),
    _changelist("Allowed tools", "verified_user", "agents", "toolpermission"),
]
EVALS = [
    _changelist("Data sets", "science", "workflows", "dataset"),
    _changelist("Cases", "quiz", "workflows", "case"),
    _changelist("Evaluations", "monitoring", "workflows", "evaluation"),
]
MEANS = [
    _changelist("Usage", "bar_chart", "agents", "usageday"),
    _changelist("Budgets", "savings", "agents", "budget"),
    _changelist("Model calls", "bolt", "agents", "modelcall"),
]
WORKSPACE = [
    _entry("Notifications", "notifications", "collaboration_notification_changelist",
           badge="collaboration.admin.badges.unread_notifications"),
    _entry("Activity", "bolt", "activity"),
    _changelist("Webhooks", "webhook", "collaboration", "webhookendpoint"),
    _changelist("People", "group", "accounts", "user"),
    _changelist("Groups", "groups", "auth", "group"),
    _changelist("Absences", "beach_access", "workflows", "absence"),
    _changelist("Business hours", "schedule", "workflows", "businesshours"),
    _entry("API keys", "key", "accounts_apikey_changelist"),
    _changelist("History", "history", "admin", "logentry"),
]  # fmt: skip
PLATFORM = [
    _entry("Overview", "monitoring", "index"),
    _entry("Tenants", "domain", "tenants_tenant_changelist"),
    _entry("Domains", "language", "tenants_domain_changelist"),
    _entry("Plans", "workspace_premium", "tenants_plan_changelist"),
    _entry("Usage", "bar_chart", "tenants_usagerecord_changelist"),
    _entry("Run queue", "format_list_numbered", "tenants_runticket_changelist"),
]
STAFF = [
    _entry("Staff", "badge", "accounts_user_changelist"),
    _entry("History", "history", "admin_logentry_changelist"),
]

_LOOK: dict[str, Any] = {
    "SITE_URL": None,
    "SITE_ICON": {"light": _asset("nexod/mark.svg"), "dark": _asset("nexod/mark.svg")},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("nexod/mark.svg")}],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": BASE, "primary": PRIMARY},
    "STYLES": [
        _asset("nexod/nexod.css"),
        _asset("nexod/bell.css"),
        _asset("nexod/rows.css"),
        _asset("nexod/knowledge.css"),
        _asset("nexod/approvals.css"),
    ],
    "SCRIPTS": [_asset("nexod/page.js"), _asset("nexod/rows.js")],
    "COMMAND": {"show_history": False},
}
UNFOLD: dict[str, Any] = {
    **_LOOK,
    "SITE_TITLE": workspace_name,
    "SITE_HEADER": workspace_name,
    "SITE_SUBHEADER": "Nexod workspace",
    "DASHBOARD_CALLBACK": "workflows.admin.dashboard.with_overview",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {"items": WORK},
            {"title": "Build", "separator": True, "items": BUILD},
            {"title": "Evaluate", "separator": True, "items": EVALS},
            {"title": "Means", "separator": True, "items": MEANS},
            {"title": "Workspace", "separator": True, "items": WORKSPACE},
        ],
    },
}
UNFOLD_STAFF: dict[str, Any] = {
    **_LOOK,
    "SITE_TITLE": "Nexod platform",
    "SITE_HEADER": "Nexod",
    "SITE_SUBHEADER": "Platform staff",
    "DASHBOARD_CALLBACK": "tenants.admin.overview.with_overview",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [{"items": PLATFORM}, {"title": "Staff", "separator": True, "items": STAFF}],
    },
}
