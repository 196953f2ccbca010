"""Links in e-mails with which one person decides one approval once, without logging in."""

from workflows.links.link import approval_link, note_link_sent

__all__ = ["approval_link", "note_link_sent"]
