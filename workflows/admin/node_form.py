"""The form of one node, made from its type's JSON Schema: its title, its config, where it leads, what happens when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from agents.models import Agent, Credential, Crew, KnowledgeBase, ModelConnection
from nexod.admin.schema_form import CHOICES, InputForm
from workflows.admin.tool_parts import tool_parts
from workflows.definitions import Retry
from workflows.definitions.document import ERROR_KINDS, MAX_SECONDS, MAX_WAIT_S
from workflows.definitions.editing import leading, replaced, routes_in
from workflows.models import Workflow
from workflows.nodes import registry
from workflows.nodes.base import ERROR

Json = dict[str, Any]
CONFIG, STEP, WAY = "config", "step", "way"
MOST_OFFERED, MOST_WAYS = 500, 300
ROWS: dict[str, tuple[Any, str]] = {
    "agent": (Agent, "agents.view_agent"),
    "credential": (Credential, "agents.use_credential"),
    "crew": (Crew, "agents.view_crew"),
    "knowledge_base": (KnowledgeBase, "agents.view_knowledgebase"),
    "model": (ModelConnection, "agents.view_modelconnection"),
    "workflow": (Workflow, "workflows.view_workflow"),
}
RETRY = ("attempts", "backoff_s", "factor", "max_backoff_s", "jitter", "on")


class NodeForm:
    """One node's fields; ``given`` is what a person sent, ``allowed`` says which rows that person may see."""

    def __init__(
        self, document: Json, node: Json, allowed: Callable[[str], bool], given: QueryDict | None = None
    ) -> None:
        self.document, self.node = document, node
        self.type = str(node.get("type", ""))
        self.kind = registry.get(self.type) if registry.known(self.type) else None
        data = _unix(given) if given is not None else None
        written = node.get("config")
        config: Json = written if isinstance(written, dict) else {}
        self.schema = _flat(self.kind.schema if self.kind else {})
        self._offer(self.schema["properties"], _flattened(config, self.schema["properties"]), allowed)
        if self.type == "tool":
            chosen = {**config, "tool": data.get(f"{CONFIG}-tool") if data else config.get("tool")}
            self.schema["properties"] |= tool_parts(self.schema["properties"], chosen, allowed)
        self.config = InputForm(self.schema, data, _flattened(config, self.schema["properties"]), prefix=CONFIG)
        self.step = InputForm(self._step_schema(), data, _step_values(node), prefix=STEP)
        for form in (self.config, self.step):
            form.use_required_attribute = False
        self._data = data

    @property
    def ways(self) -> list[tuple[str, str]]:
        """Return the routes and targets of the edges that leave the node."""
        id_ = self.node["id"]
        return [(edge.get("when", ""), edge["to"]) for edge in self.document.get("edges", []) if edge["from"] == id_]

    @property
    def routes(self) -> list[str]:
        """Return the routes that can be chosen for an edge."""
        return list(dict.fromkeys([*routes_in(self.type, self.node.get("config") or {}), ERROR]))

    @property
    def others(self) -> list[tuple[str, str]]:
        """Return the other nodes of the definition."""
        nodes = [node for node in self.document["nodes"] if node.get("type") != "note"]
        return [(node["id"], node.get("title") or node["id"]) for node in nodes]

    @property
    def are_many(self) -> bool:
        """Say whether the others are more than a person chooses from: then their names are typed."""
        return len(self.document["nodes"]) > MOST_OFFERED

    @property
    def texts(self) -> dict[str, list[str]]:
        """Return for each field that is a text, and nothing but a text, where it stands in the node."""
        names = [name for name, field in self.config.fields.items() if type(field) is forms.CharField]
        config = {self.config.add_prefix(name): [CONFIG, *name.split(".")] for name in names}
        return {**config, self.step.add_prefix("title"): ["title"]}

    def applied(self) -> tuple[Json, list[tuple[str, str]]]:
        """Return the document with what was given, and what could not be read: ``(field, message)``."""
        refused = [
            (f"{form.prefix}.{name}", " ".join(map(str, texts)))
            for form in (self.config, self.step)
            for name, texts in form.errors.items()
        ]
        node = {**self.node, **self._step(), "config": self._config({at for at, _ in refused})}
        node = {name: value for name, value in node.items() if value is not None}
        return leading(replaced(self.document, node), node["id"], self._given_ways()), refused

    def _config(self, refused: set[str]) -> Json:
        """Return the config: what was left empty or at its default is left out, what could not be read stays as it was."""
        old = _flattened(self.node.get("config") or {}, self.schema["properties"])
        given: Json = {}
        for name, part in self.schema["properties"].items():
            value = old.get(name) if f"{CONFIG}.{name}" in refused else self.config.cleaned_data.get(name)
            unsaid = name not in old and (value is False or value == part.get("default"))
            if value in (None, "", []) and name in old and old[name] in ([], {}):
                given[name] = old[name]
            elif value not in (None, "", []) and not unsaid:
                given[name] = _tidy(value)
        kept = {name: value for name, value in old.items() if name not in self.schema["properties"]}
        return _nested({**kept, **given})

    def _step(self) -> Json:
        values = self.step.cleaned_data
        old = self.node.get("retry") or {}
        usual = Retry().model_dump()
        retry = {
            name: _tidy(values[name])
            for name in RETRY
            if values.get(name) not in (None, "") and (name in old or values[name] != usual[name])
        }
        return {
            "title": values.get("title") or None,
            "timeout_s": _tidy(values.get("timeout_s")),
            "undo": values.get("undo") or None,
            "retry": retry or None,
        }

    def _given_ways(self) -> list[tuple[str, str]]:
        data: Mapping[str, str] = self._data or {}
        rows = [(data.get(f"{WAY}-{n}-when", "").strip(), data.get(f"{WAY}-{n}-to", "")) for n in range(MOST_WAYS)]
        return [(route[:60], target.strip()) for route, target in rows if target.strip()]

    def _step_schema(self) -> Json:
        others = [(id_, title) for id_, title in self.others if id_ != self.node["id"]]
        seconds: Json = {"type": "number", "minimum": 0}
        return {
            "properties": {
                "title": {"type": "string", "title": "Title", "maxLength": 120},
                "timeout_s": {**seconds, "title": "Time limit in seconds", "maximum": MAX_SECONDS},
                "undo": {
                    "title": "Undone by",
                    CHOICES: others,
                    "description": "When the run fails or is cancelled later.",
                },
                "attempts": {"type": "integer", "title": "Tries", "minimum": 1, "maximum": 10, "default": 1},
                "backoff_s": {**seconds, "title": "Seconds before the second try", "maximum": 300, "default": 1},
                "factor": {"type": "number", "title": "Each wait longer by", "minimum": 1, "maximum": 10, "default": 2},
                "max_backoff_s": {
                    **seconds,
                    "title": "Longest wait in seconds",
                    "maximum": MAX_WAIT_S,
                    "default": 3600,
                },
                "jitter": {"title": "Waits of random length", "enum": ["full", "none"], "default": "full"},
                "on": {
                    "type": "array",
                    "title": "Tried again after",
                    "items": {"type": "string"},
                    "description": f"{', '.join(ERROR_KINDS)}, or codes of errors; none: what may pass by itself.",
                },
            }
        }

    def _offer(self, properties: Json, config: Json, allowed: Callable[[str], bool]) -> None:
        """Put what the tenant has into the fields that name something of it; what is named now stays among it."""
        for name, part in properties.items():
            wanted = part.get("x-reference")
            if not wanted:
                continue
            offered = self.others if wanted == "node" else _rows(wanted, allowed)
            now = config.get(name)
            if isinstance(now, str) and now and now not in dict(offered):
                offered = [*offered, (now, now)]
            properties[name] = {**part, CHOICES: offered}


def _rows(kind: str, allowed: Callable[[str], bool]) -> list[tuple[str, str]]:
    model, permission = ROWS.get(kind, (None, ""))
    if model is None or not allowed(permission):
        return []
    return [(slug, name) for slug, name in model.objects.order_by("name").values_list("slug", "name")[:MOST_OFFERED]]


def _flat(schema: Mapping[str, Any]) -> Json:
    """Return the schema where a part that is an object with fields that it must have is those fields: ``artifact.name``."""
    found: Json = {}
    for name, part in (schema.get("properties") or {}).items():
        if part.get("type") == "object" and part.get("properties") and part.get("required"):
            title = part.get("title") or name
            found |= {
                f"{name}.{inner}": {**field, "title": f"{title}: {field.get('title') or inner}"}
                for inner, field in part["properties"].items()
            }
        else:
            found[name] = _plain(part)
    return {"properties": found, "required": [name for name in schema.get("required") or [] if name in found]}


def _plain(part: Json) -> Json:
    """Return the part with the type said that its choices have."""
    items = part.get("items")
    if isinstance(items, dict) and "enum" in items and all(isinstance(option, str) for option in items["enum"]):
        return {**part, "items": {**items, "type": "string"}}
    return part


def _flattened(config: Json, properties: Mapping[str, Any]) -> Json:
    outer = {name.partition(".")[0] for name in properties if "." in name}
    found: Json = {}
    for name, value in config.items():
        if name in outer and isinstance(value, dict):
            found |= {f"{name}.{inner}": item for inner, item in value.items()}
        else:
            found[name] = value
    return found


def _nested(config: Json) -> Json:
    found: Json = {}
    for name, value in config.items():
        outer, dot, inner = name.partition(".")
        if dot:
            found.setdefault(outer, {})[inner] = value
        else:
            found[name] = value
    return found


def _step_values(node: Json) -> Json:
    retry = node.get("retry") if isinstance(node.get("retry"), dict) else {}
    return {**{name: node[name] for name in ("title", "timeout_s", "undo") if name in node}, **(retry or {})}


def _tidy(value: Any) -> Any:
    """Return the value with whole numbers written as such, also inside."""
    if isinstance(value, dict):
        return {name: _tidy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unix(given: QueryDict) -> QueryDict:
    """Return what was given with the line ends that were there before a browser sent it."""
    data = given.copy()
    for name in data:
        data.setlist(name, [value.replace("\r\n", "\n") for value in data.getlist(name)])
    return data
