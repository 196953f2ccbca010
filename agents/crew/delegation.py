"""How agents of a crew hand out work and ask each other: two tools that only know the coworkers of their agent."""

from __future__ import annotations

from collections.abc import Sequence

from agents.crew.spec import CrewAgent
from agents.tools.base import Json

DELEGATE, ASK = "delegate_work_to_coworker", "ask_question_to_coworker"
RESULT = "Your best answer to your coworker, who asked you for it: complete, with all that you found out."


def delegation_functions(coworkers: Sequence[CrewAgent]) -> list[Json]:
    """Return both tools as the protocol offers them."""
    roles = [coworker.role for coworker in coworkers]
    listed = ", ".join(roles)
    return [
        _function(
            DELEGATE,
            f"Gives a piece of work to one of your coworkers ({listed}) and returns the result. "
            "They know nothing of your task: say everything that they need.",
            roles,
            task="The work, in full sentences",
        ),
        _function(
            ASK,
            f"Asks one of your coworkers ({listed}) and returns the answer. "
            "They know nothing of your task: say everything that they need.",
            roles,
            question="The question, in full sentences",
        ),
    ]


def found_coworker(name: object, coworkers: Sequence[CrewAgent]) -> CrewAgent | None:
    """Return whom the model means: by role or name, whatever the case, blanks and quotes are."""
    wanted = _plain(str(name))
    return next((each for each in coworkers if wanted in (_plain(each.role), _plain(each.name))), None)


def _function(name: str, description: str, roles: list[str], **asked: str) -> Json:
    texts = {**asked, "context": "All that the coworker has to know for it"}
    properties = {each: {"type": "string", "description": about} for each, about in texts.items()}
    properties["coworker"] = {"type": "string", "description": "The role of the coworker", "enum": roles}  # type: ignore[dict-item]
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _plain(name: str) -> str:
    return " ".join(name.replace('"', "").strip("[]' ").split()).casefold()
