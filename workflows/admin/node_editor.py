"""A definition that is being written, changed node by node: nothing is stored, the page saves the draft as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import InvalidInput, NexodError, PermissionDenied
from workflows.actions.references import TenantReferences
from workflows.admin.definition_text import as_text
from workflows.admin.graph import picture
from workflows.admin.node_form import NodeForm
from workflows.definitions import described, validate
from workflows.definitions.editing import START, first_config, new_id, node_of, placed, routes_in, without
from workflows.definitions.reading import read
from workflows.definitions.renaming import renamed
from workflows.nodes import registry

Json = dict[str, Any]
MAX_TITLE = 120
MOST_LISTED = 300
LOOSE = frozenset({"wait", "approval"})
"""They have routes that need not be taken: a new one leads on by an edge without a label."""


@dataclass(slots=True)
class Edit:
    """The document after a change, the node whose form is shown, and what could not be read of the form."""

    document: Json
    node: str = ""
    refused: list[tuple[str, str]] | None = None
    keeps_form: bool = False


@tenant_site.page("workflows/edit/", "workflow_edit")
@require_POST
def edit(request: HttpRequest) -> HttpResponse:
    """Answer with the definition after one change, its problems, its drawing, and the form of the node in hand."""
    operation = OPERATIONS.get(request.POST.get("do", ""), _opened)
    if not (_changes(request) or (operation in READS and may(request, "workflows.view_workflow"))):
        raise PermissionDenied("Your role does not change workflows.")
    try:
        change = operation(request, _document(request))
    except NexodError as error:
        return JsonResponse({"refused": error.message}, status=400)
    answer = _together(request, change) if request.POST.get("live") else _alone(change)
    if not change.keeps_form:
        answer |= _form(request, change)
    return JsonResponse(answer)


def _alone(change: Edit) -> Json:
    """Tell the page that holds the definition as text: the new text, its problems, its drawing."""
    problems = validate(change.document, TenantReferences())
    shown = [{"text": described(p), "said": p.message, "node": p.node, "field": p.field} for p in problems]
    graph = picture(change.document, edited=True)
    return {"definition": as_text(change.document), "problems": shown, "graph": graph, **_outcome(change)}


def _together(request: HttpRequest, change: Edit) -> Json:
    """Tell the page that edits the shared document: only what it asked for, the room tells problems."""
    if request.POST.get("do") == "draw":
        return {"graph": picture(change.document, edited=True)}
    changed = {} if request.POST.get("do") == "open" else {"document": change.document}
    return {**changed, **_outcome(change)}


def _outcome(change: Edit) -> Json:
    return {
        "node": change.node,
        "refused": [{"field": field, "said": message} for field, message in change.refused or ()],
    }


def _changes(request: HttpRequest) -> bool:
    return may(request, "workflows.change_workflow") or may(request, "workflows.add_workflow")


def _document(request: HttpRequest) -> Json:
    """Return the definition in the request as far as forms can be made of it; raise InvalidInput."""
    document, problems = read(request.POST.get("definition", ""))
    if problems:
        raise InvalidInput(problems[0].message)
    nodes = document.get("nodes") if isinstance(document, dict) else None
    edges = document.get("edges", []) if isinstance(document, dict) else None
    if not (_all(nodes, "id") and _all(edges, "from", "to")):
        raise InvalidInput("Forms need nodes with ids, and edges from one to another. Repair the JSON first.")
    return document  # type: ignore[no-any-return]


def _all(parts: object, *names: str) -> bool:
    return isinstance(parts, list) and all(
        isinstance(part, dict) and all(isinstance(part.get(name), str) for name in names) for part in parts
    )


def _opened(request: HttpRequest, document: Json) -> Edit:
    return Edit(document, request.POST.get("node", ""))


def _drawn(request: HttpRequest, document: Json) -> Edit:
    return Edit(document, keeps_form=True)


def _applied(request: HttpRequest, document: Json) -> Edit:
    node = node_of(document, request.POST.get("node", ""))
    if node is None:
        return Edit(document)
    changed, refused = NodeForm(document, node, _allowed(request), request.POST).applied()
    # Another tool has other settings: its form is another one.
    other_tool = node["type"] == "tool" and request.POST.get("config-tool") != (node.get("config") or {}).get("tool")
    same = request.POST.get("keep") == "1" and not other_tool
    return Edit(changed, node["id"], refused, keeps_form=same)


def _added(request: HttpRequest, document: Json) -> Edit:
    kind = registry.get(request.POST.get("type", ""))
    title = request.POST.get("title", "").strip()[:MAX_TITLE] or kind.title
    node: Json = {
        "id": new_id(document, title, kind.type),
        "type": kind.type,
        "title": title,
        "config": first_config(kind),
    }
    place, at, route = _place(request)
    own = [] if kind.type in LOOSE else routes_in(kind.type, node["config"])
    return Edit(placed(document, node, place, at, route, own) if kind.runs else placed(document, node, ""), node["id"])


def _moved(request: HttpRequest, document: Json) -> Edit:
    """Let the node stand elsewhere: what led to it leads on past it, and it keeps everything else."""
    node = node_of(document, request.POST.get("node", ""))
    if node is None:
        return Edit(document)
    place, at, route = _place(request)
    own = [] if node["type"] in LOOSE else routes_in(node["type"], node.get("config") or {})
    if at == node["id"] or (place == START and document.get("start") == node["id"]):
        return Edit(document, node["id"])
    order = {found["id"]: at for at, found in enumerate(document["nodes"])}
    moved = placed(without(document, node["id"]), node, place, at, route, own)
    return Edit({**moved, "nodes": sorted(moved["nodes"], key=lambda found: order[found["id"]])}, node["id"])


def _place(request: HttpRequest) -> tuple[str, str, str]:
    place, _, rest = request.POST.get("place", "").partition(":")
    at, _, route = rest.partition(":")
    return place, at, route


def _removed(request: HttpRequest, document: Json) -> Edit:
    return Edit(without(document, request.POST.get("node", "")))


def _renamed(request: HttpRequest, document: Json) -> Edit:
    """Give the node another id; a name that cannot be is said at its field, and nothing is changed."""
    node, to = request.POST.get("node", ""), request.POST.get("to", "").strip()
    try:
        return Edit(renamed(document, node, to), to)
    except InvalidInput as refusal:
        return Edit(document, node, [("id", refusal.message)], keeps_form=True)


OPERATIONS: dict[str, Callable[[HttpRequest, Json], Edit]] = {
    "open": _opened,
    "draw": _drawn,
    "move": _moved,
    "apply": _applied,
    "add": _added,
    "remove": _removed,
    "rename": _renamed,
}
READS = frozenset({_opened, _drawn})


def _allowed(request: HttpRequest) -> Callable[[str], bool]:
    return lambda permission: may(request, permission)


def _form(request: HttpRequest, change: Edit) -> Json:
    """Return the form of the node in hand, else what can be opened and added; and which of its fields are texts."""
    node = node_of(change.document, change.node)
    changes = _changes(request)
    if node is None:
        places = _places(change.document) if changes else []
        nodes = change.document["nodes"]
        listed = nodes[:MOST_LISTED] if request.POST.get("live") else nodes
        page: Json = {
            "nodes": listed,
            "unlisted": len(nodes) - len(listed),
            "types": registry.all_types(),
            "places": places,
        }
        return {"form": render_to_string("nexod/workflows/node_new.html", {**page, "changes": changes}, request)}
    form = NodeForm(change.document, node, _allowed(request))
    ways = [*form.ways, ("", "")] if changes else form.ways
    shown = {"form": form, "node": node, "ways": ways, "changes": changes}
    if changes and request.POST.get("live") and not form.are_many:
        shown["places"] = [place for place in _places(without(change.document, node["id"])) if place[0]]
    return {"form": render_to_string("nexod/workflows/node_form.html", shown, request), "texts": form.texts}


def _places(document: Json) -> list[tuple[str, str]]:
    """Return where a new node can come."""
    titles = {node["id"]: node.get("title") or node["id"] for node in document["nodes"]}
    ways: dict[str, dict[str, list[str]]] = {}
    for edge in document.get("edges", []):
        after = ways.setdefault(edge["from"], {}).setdefault(edge.get("when", ""), [])
        after.append(titles.get(edge["to"], edge["to"]))
    runs = [node for node in document["nodes"] if node.get("type") != "note"]
    found = []
    for id_ in (node["id"] for node in runs):
        own = ways.get(id_, {})
        for route, after in own.items():
            said = f"{titles[id_]}{f', {route}' if route else ''}"
            found.append((f"after:{id_}:{route}", f"After {said}, before {', '.join(after)}"))
        found.append((f"after:{id_}:", f"After {titles[id_]}")) if "" not in own else None
    found.append(("start:", "First of all"))
    found += [(f"repeated:{n['id']}", f"Does the work of {titles[n['id']]}") for n in runs if n.get("type") == "map"]
    return [*found, *((f"undoes:{node['id']}", f"Undoes {titles[node['id']]}") for node in runs)]
