"""What both admins share: the two sites, a ModelAdmin that writes through actions, and how states, Markdown and JSON look.

Imports nothing of the apps; they register here. The planes' models must never share a site.
"""

from nexod.admin.sites import staff_site, tenant_site

__all__ = ["staff_site", "tenant_site"]
