"""The database went away, from Django or from the checkpoints: nobody's fault, and nothing that a step should answer for."""

from __future__ import annotations

import psycopg
from django.db import InterfaceError, OperationalError

AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
