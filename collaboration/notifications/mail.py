"""One attempt to deliver an e-mail over SMTP. It never raises: what went wrong is its result.

An e-mail that the server took just when the worker died is sent again, with the same Message-ID, by which mail programs know it.
"""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMultiAlternatives

from collaboration.notifications.attempt import Attempt

TAKEN = 250


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail as it is sent. ``links`` are the approvals whose one-time links it carries."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    links: tuple[Any, ...] = ()


def send(letter: Letter) -> Attempt:
    """Send it to its one reader."""
    began = time.monotonic()
    message = EmailMultiAlternatives(letter.subject, letter.text, None, [letter.to], headers=letter.headers)
    message.attach_alternative(letter.html, "text/html")
    try:
        taken = message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return _refused(code, text, began)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error, began)
    except (smtplib.SMTPException, OSError) as error:
        return Attempt(0, _since(began), error=f"{type(error).__name__}: {error}"[:300])
    return Attempt(TAKEN if taken else 0, _since(began), error="" if taken else "The server took nothing.")


def _refused(code: int, text: bytes | str, began: float) -> Attempt:
    """A 5xx for the reader or the letter will be the same tomorrow; one for our log-in will not."""
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    ours = code in (530, 534, 535)
    return Attempt(
        code, _since(began), error=said.replace("\0", "\ufffd")[:300], is_final=500 <= code < 600 and not ours
    )


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
