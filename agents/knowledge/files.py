"""Files of a tenant, in a folder of its own. The tenant comes from where the code works, never from a name."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from tenants.context import current_tenant


class TenantFiles(FileSystemStorage):
    """Keeps files under MEDIA_ROOT/<schema>; outside a tenant it raises, and no name leads out of the folder."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    @property
    def base_location(self) -> Path:
        """The folder of the current tenant, looked up anew each time: one storage serves them all."""
        root: Path = Path(settings.MEDIA_ROOT)
        return root / str(current_tenant().schema_name)

    @property
    def location(self) -> str:
        """The same, absolute."""
        return str(self.base_location.resolve())

    def url(self, name: str | None) -> NoReturn:
        """There is none: files are only served by views that ask who wants them."""
        raise ValueError("Files of a tenant have no public address.")


files = TenantFiles()
DOCUMENTS = "documents"
"""The folder of documents within the tenant's."""


def document_key(document: UUID) -> str:
    """Return the name under which a document's file is kept; nothing of it comes from a user."""
    return f"{DOCUMENTS}/{document}"
