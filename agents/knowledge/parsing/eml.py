"""E-mails: who wrote to whom about what, then the text; of attachments only the names."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage

from agents.knowledge.errors import DocumentUnreadable
from agents.knowledge.parsing import html
from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.draft import Draft
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_DEEPEST = 5


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the message, and messages that it carries below it."""
    message = message_from_bytes(data, _class=EmailMessage, policy=policy.default)
    if not any(message[name] for name in _SHOWN):
        raise DocumentUnreadable("This file is called .eml but is not an e-mail. Save it from the mail program again.")
    draft = Draft(limits)
    _write(draft, message, 1)
    return draft.parsed(title=str(message["Subject"] or title), media_type=Format.EML)


def _write(draft: Draft, message: EmailMessage, depth: int) -> None:
    draft.heading(str(message["Subject"] or "E-mail"), depth)
    draft.paragraph("\n".join(f"{name}: {message[name]}" for name in _SHOWN if message[name]))
    body = message.get_body(preferencelist=("plain", "html"))
    if isinstance(body, EmailMessage):
        _write_body(draft, body)
    names = []
    for part in message.iter_attachments():
        if part.get_content_type() == "message/rfc822" and depth < _DEEPEST:
            inner = part.get_payload(0) if part.is_multipart() else None
            if isinstance(inner, EmailMessage):
                _write(draft, inner, depth + 1)
        else:
            names.append(part.get_filename() or part.get_content_type())
    draft.paragraph(f"Attachments (not read): {', '.join(names)}" if names else "")


def _write_body(draft: Draft, body: EmailMessage) -> None:
    data = body.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        return
    text = _decoded(data, body.get_content_charset())
    if body.get_content_subtype() == "html":
        html.write(draft, text)
    else:
        draft.paragraph(text)


def _decoded(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError, MessageError):
        return decode(data)
