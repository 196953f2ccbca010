"""The format nexod.bundle/1: a workflow with the agents and crews that it uses, and the names of what it needs besides."""

from __future__ import annotations

import copy
import json
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from nexod.kernel.errors import InvalidInput
from workflows.definitions import definition_schema
from workflows.definitions.reading import bounds
from workflows.portable.needs import needed_by

Json = dict[str, Any]
FORMAT = "nexod.bundle/1"
MAX_CHARACTERS = 5_000_000
MAX_PROBLEMS = 100
Slug = Annotated[str, Field(pattern=r"^[-A-Za-z0-9_]{1,60}$")]
Kind = Literal["agent", "crew", "connection", "credential", "knowledge_base", "workflow", "user", "group"]


class BundleInvalid(InvalidInput):
    """This is no workflow file that can be read."""

    code = "bundle_invalid"


class Part(BaseModel):
    """A closed part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Flow(Part):
    """The workflow itself; ``definition`` is of the format nexod.workflow/1."""

    slug: Slug
    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=2000)
    definition: Json


class AgentPart(Part):
    """An agent: its fields as the API has them; what they refer to is named by slug."""

    slug: Slug
    name: str = Field(min_length=1, max_length=120)
    role: str
    goal: str
    backstory: str = ""
    connection: str = ""
    model: str = ""
    temperature: float | None = None
    max_tokens: int = 800
    options: Json = Field(default_factory=dict)
    fallbacks: list[dict[str, str]] = Field(default_factory=list, max_length=5)
    tools: list[Json] = Field(default_factory=list, max_length=20)
    rounds: int = 8
    context_policy: str = "trim"
    knowledge_bases: list[Slug] = Field(default_factory=list, max_length=50)


class TaskPart(Part):
    """A task of a crew; ``context`` names earlier tasks."""

    slug: Slug
    description: str
    expected_output: str
    agent: str = ""
    context: list[Slug] = Field(default_factory=list, max_length=50)
    output_schema: Json | None = None
    human_input: bool = False
    policy: Json = Field(default_factory=dict)
    async_execution: bool = False
    allow_delegation: bool = False
    guardrails: list[Json] = Field(default_factory=list, max_length=50)
    max_retries: int = 2
    on_failure: str = "fail"


class CrewPart(Part):
    """A crew; who works in it is named by slug."""

    slug: Slug
    name: str = Field(min_length=1, max_length=120)
    description: str = ""
    process: Literal["sequential", "hierarchical"] = "sequential"
    planning: bool = False
    manager: str = ""
    members: list[Slug] = Field(default_factory=list, max_length=50)
    tasks: list[TaskPart] = Field(max_length=50)


class Need(Part):
    """Something that the file names and does not bring along: whoever reads it says what takes its place."""

    kind: Kind
    slug: str = Field(min_length=1, max_length=254)  # of a person the address, of a group the name
    name: str = Field(default="", max_length=120)


class Bundle(Part):
    """A workflow file."""

    format: Literal["nexod.bundle/1"] = "nexod.bundle/1"
    workflow: Flow
    agents: list[AgentPart] = Field(default_factory=list, max_length=200)
    crews: list[CrewPart] = Field(default_factory=list, max_length=50)
    needs: list[Need] = Field(default_factory=list, max_length=500)


def read(text: str) -> Bundle:
    """Return the bundle in YAML or JSON text; raise BundleInvalid with every problem and its place."""
    if len(text) > MAX_CHARACTERS:
        raise BundleInvalid(f"A workflow file has at most {MAX_CHARACTERS:,} characters; this one has {len(text):,}.")
    document = _document(text)
    if problems := bounds(document):
        raise BundleInvalid(problems[0].message)
    return parsed(document)


def _document(text: str) -> object:
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text)
        # Without aliases, by which a short text could become an endless document.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
            raise BundleInvalid("A workflow file has no aliases.")
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise BundleInvalid(f"This is neither JSON nor YAML: {' '.join(str(error).split())[:300]}") from error


def parsed(document: object) -> Bundle:
    """Return the bundle of what was read already; raise BundleInvalid."""
    try:
        return _whole(Bundle.model_validate(document))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)[:MAX_PROBLEMS]
        details = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in found]
        raise BundleInvalid(details=details) from None


def _whole(bundle: Bundle) -> Bundle:
    """Return the bundle with all that it needs: a file that people wrote, or cut, may name more than it says."""
    told = {(need.kind, need.slug) for need in bundle.needs}
    parts = ([part.model_dump() for part in rows] for rows in (bundle.agents, bundle.crews))
    found = needed_by(bundle.workflow.definition, *parts)
    pairs = [(kind, slug) for kind, slugs in found.items() for slug in sorted(slugs) if (kind, slug) not in told]
    more = TypeAdapter(list[Need]).validate_python([{"kind": kind, "slug": slug} for kind, slug in pairs])
    return bundle.model_copy(update={"needs": [*bundle.needs, *more]}) if more else bundle


def written(bundle: Bundle, form: str = "yaml") -> str:
    """Return the bundle as text, ``yaml`` or ``json``: the same bundle gives the same text, so that files can be compared."""
    document = bundle.model_dump(mode="json")
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def bundle_schema() -> Json:
    """Return the JSON Schema (2020-12) of workflow files."""
    schema = Bundle.model_json_schema()
    definition = copy.deepcopy(definition_schema())  # which is kept for everybody
    schema["$defs"] |= definition.pop("$defs")
    schema["$defs"]["Flow"]["properties"]["definition"] = {k: v for k, v in definition.items() if not k.startswith("$")}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:nexod.bundle:1", **schema}


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks of lines, as people write them."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
