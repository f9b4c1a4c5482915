"""The settings of an installation: one frozen dataclass, read from the environment.

Every setting is named `TIANBAO_` and its name in capitals. `describe_settings` gives
the list that the deployment guide prints.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_type_hints

from form_schemas.folders import SCHEMAS_FOLDER

PREFIX = "TIANBAO_"
_SECRET_LENGTH = 32
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


class Mode(StrEnum):
    """How an installation runs."""

    #: everything in one data folder: SQLite, files, a secret made at first start
    EMBEDDED = "embedded"
    #: secrets and addresses are given; nothing is made up
    PRODUCTION = "production"


class MailSecurity(StrEnum):
    """How the connection to the mail server is kept from listeners."""

    #: begins in clear and goes on encrypted, or not at all; usually port 587
    STARTTLS = "starttls"
    #: encrypted from the beginning; usually port 465
    TLS = "tls"
    #: never encrypted: only for a mail server on the same machine
    NONE = "none"


class ConfigError(Exception):
    """A setting is missing or cannot be read; the operator has to mend it."""


@dataclass(frozen=True)
class Config:
    """All settings, with their defaults."""

    mode: Annotated[
        Mode,
        "embedded: one data folder holds all, for trial and small use. production: "
        "the secret key has to be given, cookies travel over HTTPS only.",
    ] = Mode.EMBEDDED
    demo: Annotated[
        bool,
        "Fill an empty database with demo accounts and data; never in production.",
    ] = False
    data_folder: Annotated[
        Path,
        "Folder of the SQLite database, the secret and stored files.",
    ] = Path("instance")
    database_url: Annotated[
        str,
        "SQLAlchemy URL of the database; postgresql://… in production. Empty: SQLite "
        "in the data folder.",
    ] = ""
    secret_key: Annotated[
        str,
        f"Signs cookies and tokens, at least {_SECRET_LENGTH} characters. Empty: made "
        "at first start and kept in the data folder (embedded only).",
    ] = ""
    schema_folder: Annotated[
        str,
        "Folder of the schema files, one folder a collection and year. Empty: the "
        "program's own.",
    ] = ""
    file_store: Annotated[
        str,
        "Where uploaded files lie: a folder, or s3://bucket/prefix. Empty: the folder "
        "`files` of the data folder.",
    ] = ""
    session_idle_minutes: Annotated[
        int,
        "A session without a request for so long ends.",
    ] = 60
    session_hours: Annotated[
        int,
        "A session ends after so long in any case.",
    ] = 12
    login_failures: Annotated[
        int,
        "Failed logins of a name or an address before a captcha is asked.",
    ] = 5
    login_failure_minutes: Annotated[
        int,
        "How long a failed login counts.",
    ] = 15
    phone_passwords: Annotated[
        bool,
        "Where whoever creates a unit's accounts gives a phone number, its last six "
        "digits are the initial password, which the first login replaces. Easily "
        "guessed: without it initial passwords are random and shown once.",
    ] = False
    max_upload_mb: Annotated[
        int,
        "Largest upload, in MiB.",
    ] = 50
    portal_cache_seconds: Annotated[
        int,
        "Pages of the public portal are made anew so often; what is published shows "
        "up that much later at most.",
    ] = 30
    max_import_rows: Annotated[
        int,
        "Most rows of one imported file; more are refused.",
    ] = 200_000
    reader_memory_mb: Annotated[
        int,
        "Memory that a process reading an uploaded workbook may use, in MiB; a large "
        "one is read by two.",
    ] = 400
    reader_seconds: Annotated[
        int,
        "Time that the process reading an uploaded workbook may take.",
    ] = 300
    embedded_worker: Annotated[
        bool,
        "Run imports, exports and checks in a thread of the server. false: `tianbao "
        "worker` processes do it.",
    ] = True
    lease_seconds: Annotated[
        int,
        "After so long without a sign of life another worker takes over a job.",
    ] = 60
    trusted_proxies: Annotated[
        int,
        "Reverse proxies in front whose X-Forwarded headers are believed.",
    ] = 0
    public_url: Annotated[
        str,
        "Address of the website for links in mails: https://… Empty: mails have no "
        "links.",
    ] = ""
    public_schemas: Annotated[
        bool,
        "Let programs read schema files, code lists and editions (/api/v1/) without a "
        "login. They hold no data of anybody.",
    ] = False
    mail_host: Annotated[
        str,
        "Mail server that takes the notices' mails (SMTP). Empty: no mails are sent.",
    ] = ""
    mail_port: Annotated[
        int,
        "Port of the mail server.",
    ] = 587
    mail_security: Annotated[
        MailSecurity,
        "starttls, tls, or none, which sends in clear and takes no password in "
        "production.",
    ] = MailSecurity.STARTTLS
    mail_user: Annotated[
        str,
        "Account at the mail server. Empty: it asks for none.",
    ] = ""
    mail_password: Annotated[
        str,
        "Password of that account.",
    ] = ""
    mail_from: Annotated[
        str,
        "Address that the mails come from.",
    ] = ""
    mail_seconds: Annotated[
        int,
        "How long the mail server may take for an answer.",
    ] = 20

    def __post_init__(self) -> None:
        if self.mail_host:
            _refuse_mail(self)
        if self.mode is Mode.PRODUCTION:
            _refuse_unsafe(self)

    @property
    def is_production(self) -> bool:
        return self.mode is Mode.PRODUCTION

    @property
    def engine_url(self) -> str:
        """URL of the database in use."""
        return self.database_url or f"sqlite:///{self.data_folder / 'tianbao.sqlite'}"

    @property
    def forms_folder(self) -> Path:
        """Where the schema files lie, one folder a collection and edition."""
        return Path(self.schema_folder) if self.schema_folder else SCHEMAS_FOLDER

    @property
    def file_folder(self) -> str:
        return self.file_store or str(self.data_folder / "files")


@dataclass(frozen=True)
class SettingDoc:
    """One setting as the deployment guide lists it."""

    variable: str
    default: str
    doc: str


def load_config(environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings; unknown `TIANBAO_` variables are left to other programs."""
    source = os.environ if environment is None else environment
    values = {
        spec.name: _READERS[type(spec.default)](variable, source[variable])
        for spec in fields(Config)
        if (variable := PREFIX + spec.name.upper()) in source
    }
    return Config(**values)


def describe_settings() -> tuple[SettingDoc, ...]:
    """All settings in their order, for the deployment guide and `--help`."""
    hints = get_type_hints(Config, include_extras=True)
    return tuple(
        SettingDoc(
            PREFIX + spec.name.upper(),
            _show(spec.default),
            hints[spec.name].__metadata__[0],
        )
        for spec in fields(Config)
    )


def load_secret(config: Config) -> str:
    """The secret key: the one that was given, or the data folder's own."""
    if config.secret_key:
        return config.secret_key
    path = config.data_folder / "secret"
    try:
        return _create_secret(path)
    except FileExistsError:
        return path.read_text(encoding="ascii")


def _create_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(_SECRET_LENGTH * 2)
    # Written aside and linked, so that a second server never reads half a secret.
    draft = path.with_name(f"secret-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secret)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    return secret


def _refuse_unsafe(config: Config) -> None:
    if len(config.secret_key) < _SECRET_LENGTH or len(set(config.secret_key)) < 8:
        raise ConfigError(
            f"{PREFIX}SECRET_KEY must hold at least {_SECRET_LENGTH} random characters "
            'in production, e.g. from `python -c "import secrets; '
            'print(secrets.token_urlsafe(48))"`'
        )
    if config.demo:
        raise ConfigError(f"{PREFIX}DEMO must not be set in production")


def _refuse_mail(config: Config) -> None:
    """Raise where mails would be refused, or would give a password away."""
    faults = (
        (not _is_address(config.mail_from), "MAIL_FROM must be a mail address"),
        (
            bool(config.mail_user) != bool(config.mail_password),
            "MAIL_USER and MAIL_PASSWORD go together",
        ),
        (not config.mail_seconds, "MAIL_SECONDS must not be 0"),
        (
            bool(config.public_url)
            and not config.public_url.startswith(("https://", "http://")),
            "PUBLIC_URL must begin with https://",
        ),
        (
            config.is_production
            and config.mail_security is MailSecurity.NONE
            and bool(config.mail_password),
            "MAIL_SECURITY none would send the password in clear",
        ),
    )
    for is_broken, sentence in faults:
        if is_broken:
            raise ConfigError(PREFIX + sentence)


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(at and name and host) and text.isascii() and text.isprintable()


def _read_flag(variable: str, text: str) -> bool:
    value = text.strip().lower()
    if value not in _TRUE | _FALSE:
        raise ConfigError(f"{variable} is {text!r}; it must be true or false")
    return value in _TRUE


def _read_number(variable: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise ConfigError(f"{variable} is {text!r}; it must be a whole number")
    return int(text)


def _word_reader(words: type[StrEnum]) -> Callable[[str, str], StrEnum]:
    def read(variable: str, text: str) -> StrEnum:
        if text not in set(words):
            raise ConfigError(
                f"{variable} is {text!r}; it must be one of {', '.join(words)}"
            )
        return words(text)

    return read


_READERS = {
    bool: _read_flag,
    int: _read_number,
    str: lambda _variable, text: text,
    type(Path()): lambda _variable, text: Path(text),
    Mode: _word_reader(Mode),
    MailSecurity: _word_reader(MailSecurity),
}


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
