"""Crews: from plain data to CrewAI and back. The only place that imports crewai, and it does so when a crew runs."""

from agents.crew.errors import CrewFailed, CrewInvalid
from agents.crew.run import run_crew
from agents.crew.spec import CrewAgent, CrewResult, CrewSpec, CrewTask, TaskResult, crew_of_one

__all__ = [
    "CrewAgent",
    "CrewFailed",
    "CrewInvalid",
    "CrewResult",
    "CrewSpec",
    "CrewTask",
    "TaskResult",
    "crew_of_one",
    "run_crew",
]
