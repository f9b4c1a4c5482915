"""The mail server of an installation: letters of text, given over by SMTP.

Nothing here knows the outbox (`mailing`), and nothing a person typed reaches a header
as it is: a line break there would begin a header of somebody else's choice.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from app.config import Config, MailSecurity
from app.models.base import now_utc

_LONGEST_SUBJECT = 150


class Undeliverable(Exception):  # noqa: N818 - an event, not an error
    """This mail will never arrive: no further attempt helps."""


class Postponed(Exception):  # noqa: N818 - an event, not an error
    """This mail was not taken now; it may be later."""


class ServerAway(Exception):  # noqa: N818 - an event, not an error
    """The server takes no mail at all at the moment, whichever it is."""


@dataclass(frozen=True)
class MailServer:
    """Where mails are given over, and how."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    seconds: int = 20
    #: address of the website, without a slash at its end; empty: no links
    public_url: str = ""


@dataclass(frozen=True)
class Letter:
    """One mail, in words."""

    address: str
    subject: str
    text: str
    #: the same for every attempt, so that a mail sent twice can be shown once
    mark: str


def open_mail_server(config: Config) -> MailServer | None:
    """The mail server of the settings; None where no mails are sent."""
    if not config.mail_host:
        return None
    return MailServer(
        config.mail_host,
        config.mail_port,
        config.mail_security,
        config.mail_from,
        config.mail_user,
        config.mail_password,
        config.mail_seconds,
        config.public_url.rstrip("/"),
    )


@contextmanager
def connect(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A connection that takes mails.

    Raises:
        ServerAway: it does not answer, does not encrypt, or refuses our account.
    """
    try:
        line = _open_line(server)
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(_describe(error)) from error
    try:
        yield line
    finally:
        with suppress(OSError, smtplib.SMTPException):
            line.quit()
        line.close()


def deliver(line: smtplib.SMTP, server: MailServer, letter: Letter) -> None:
    """Give a letter over.

    Raises:
        Undeliverable, Postponed, ServerAway: how it went, with the server's words.
    """
    try:
        line.send_message(compose(server, letter))
    except smtplib.SMTPRecipientsRefused as error:
        ((code, words),) = error.recipients.values()
        raise _judge(code)(_quote(code, words)) from error
    except smtplib.SMTPSenderRefused as error:
        raise ServerAway(_describe(error)) from error
    except smtplib.SMTPResponseException as error:
        raise _judge(error.smtp_code)(_describe(error)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Undeliverable(_describe(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(_describe(error)) from error


def compose(server: MailServer, letter: Letter) -> EmailMessage:
    """The letter as it travels.

    Raises:
        Undeliverable: the address is none.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = server.sender
    message["To"] = _read_address(letter.address)
    message["Subject"] = clean_line(letter.subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(now_utc())
    host = server.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{letter.mark}@{host}>"
    # Nobody's answering machine shall answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="base64")
    return message


def clean_line(text: str) -> str:
    """The text in one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def is_address(text: str) -> bool:
    """Whether mails could be sent there; whether it exists, only a mail tells."""
    try:
        _read_address(text)
    except Undeliverable:
        return False
    return True


def _read_address(text: str) -> Address:
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise Undeliverable("no mail address") from error
    if not (text.isascii() and text.isprintable() and address.domain):
        raise Undeliverable("no mail address")
    return address


def _open_line(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security is MailSecurity.TLS:
        line: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=server.seconds, context=context
        )
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=server.seconds)
    try:
        if server.security is MailSecurity.STARTTLS:
            line.starttls(context=context)
        if server.user:
            line.login(server.user, server.password)
    except (OSError, smtplib.SMTPException):
        line.close()
        raise
    return line


def _judge(code: int) -> type[Exception]:
    """Answers from 500 on are for ever; 421 closes the line."""
    if code == 421:
        return ServerAway
    return Undeliverable if code >= 500 else Postponed


def _describe(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _quote(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {error}"


def _quote(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {clean_line(text)}"
