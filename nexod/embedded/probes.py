"""Questions that a starting service must answer before the next one starts."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 2.0


def http_ok(url: str, host: str = "localhost") -> bool:
    """Tell whether a GET of the URL is answered with 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path, headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def file_exists(path: Path) -> bool:
    """Tell whether the service has left its sign of readiness."""
    return path.exists()
