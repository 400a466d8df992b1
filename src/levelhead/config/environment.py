"""The settings of an installation: their names, meanings and checks.

Read from the environment, then from the file `levelhead.env` in the data folder (the environment
wins). A wrong value stops the program with a sentence that says how to mend it.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from environs import Env, EnvError

from levelhead.config.mail import IMAP, SMTP, check_web_address, read_server
from levelhead.kernel.errors import ConfigurationError

PREFIX = "LEVELHEAD_"
FILE_NAME = "levelhead.env"
# Names with our prefix that tests and tools read; they are not settings of the product.
OTHER_NAMES = frozenset({"LEVELHEAD_REQUIRE_SERVICES", "LEVELHEAD_SERVICES_DIR"})
TEST_PREFIX = ("LEVELHEAD_TEST_", "LEVELHEAD_SECRET_")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """All settings, checked. Each field is documented in docs/reference/settings.md."""

    # Folder for the database, keys, backups and logs.
    data: Path
    # "sqlite" (a file in the data folder) or postgresql://user:password@host:port/name.
    database: str
    # Address and ports on which `levelhead serve` listens.
    host: str
    port: int
    stream_port: int
    # Where `--role public` listens.
    public_port: int
    # Where browsers reach the live stream, when a proxy stands in front; empty: same host,
    # `stream_port`.
    stream_url: str
    # Host names under which pages are served.
    allowed_hosts: tuple[str, ...]
    # True when a proxy in front speaks HTTPS: cookies are then sent over HTTPS only.
    https: bool
    # Signs sessions and encrypts secrets; drawn and kept in the data folder when empty.
    secret_key: str
    # debug, info, warning or error.
    log_level: str
    # Where people reach the desk, such as https://desk.example.gov: links in mails begin with it.
    public_url: str
    # The server that mails leave by, and the address they are from; empty: no mail is sent.
    mail_url: str
    mail_from: str
    # The mailbox that answers come to; empty: answers come by the link only.
    imap_url: str
    # How many posts a second the worker's encoder may read; 0 leaves all to the cheap heads.
    reread_per_second: int
    # Whether webhooks may go to addresses inside private networks, over plain HTTP too.
    webhooks_private: bool
    # Whether a language model may be asked at addresses inside private networks, over HTTP too.
    drafting_private: bool
    # The WebSub hub that is told of each change of a public page; empty: none.
    websub_hub: str
    # Django's debug pages; never on a machine that others reach.
    debug: bool

    @property
    def sqlite_path(self) -> Path:
        """The database file where `database` is "sqlite"."""
        return self.data / "levelhead.sqlite3"


def names() -> tuple[str, ...]:
    """The names of all settings, as in the environment."""
    return tuple(PREFIX + field.name.upper() for field in fields(Environment))


def _refuse_unknown(given: Mapping[str, str], source: str) -> None:
    known = names()
    for name in sorted(given):
        if not name.startswith(PREFIX) or name in known or name in OTHER_NAMES:
            continue
        if name.startswith(TEST_PREFIX):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" Known settings: {', '.join(known)}."
        raise ConfigurationError(f"{name} in {source} is not a setting of Levelhead.{hint}")


def _checked_port(env: Env, name: str, default: int) -> int:
    port: int = env.int(name, default)
    if not 1 <= port <= 65535:
        raise ConfigurationError(
            f"{PREFIX}{name} is {port}; a port is a number from 1 to 65535. Choose another."
        )
    return port


def _mail(env: Env) -> dict[str, str]:
    """The settings of mail, which stand and fall together."""
    public_url = check_web_address(PREFIX + "PUBLIC_URL", env.str("PUBLIC_URL", ""))
    mail_url, mail_from = env.str("MAIL_URL", ""), env.str("MAIL_FROM", "").strip()
    imap_url = env.str("IMAP_URL", "")
    if mail_url:
        read_server(PREFIX + "MAIL_URL", mail_url, SMTP)
        if not re.fullmatch(r"[^\s@+<>]{1,25}@[A-Za-z0-9.-]{1,200}", mail_from):
            raise ConfigurationError(
                f"{PREFIX}MAIL_FROM must be the address that mails are from, such as "
                "desk@example.gov (at most 25 characters before the @, and no +)."
            )
        if not public_url:
            raise ConfigurationError(
                f"{PREFIX}PUBLIC_URL is needed to send mail: the links in it begin with that, "
                "such as https://desk.example.gov."
            )
    if imap_url:
        read_server(PREFIX + "IMAP_URL", imap_url, IMAP)
        if not mail_url:
            raise ConfigurationError(
                f"{PREFIX}IMAP_URL is of use only with {PREFIX}MAIL_URL; give both or neither."
            )
    return {
        "public_url": public_url,
        "mail_url": mail_url,
        "mail_from": mail_from,
        "imap_url": imap_url,
    }


def _secret_key(data: Path, given: str) -> str:
    if given:
        if len(given) < 32:
            raise ConfigurationError(
                f"{PREFIX}SECRET_KEY has {len(given)} characters; give at least 32, or leave it "
                "out and one is drawn and kept in the data folder."
            )
        return given
    path = data / "secret.key"
    with suppress(FileNotFoundError):
        return _read_key(path)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secrets.token_urlsafe(48)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def _read_key(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"The file {path} does not hold a secret key; put back the one of a backup."
        ) from error


@contextmanager
def folder_in_use(data: Path) -> Iterator[None]:
    """Where the data folder cannot be made, read or written, a ConfigurationError says so."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {data} cannot be used ({error.strerror or error}); set {PREFIX}DATA "
            "to a folder that this account may write to.",
            path=str(data),
        ) from error


def make_folder(data: Path) -> None:
    """The data folder, where it is not there yet."""
    with folder_in_use(data):
        data.mkdir(parents=True, exist_ok=True)


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """The settings in force. Raises ConfigurationError with what to change."""
    variables = dict(os.environ if variables is None else variables)
    data = Path(variables.get(PREFIX + "DATA") or "data").expanduser().absolute()
    _refuse_unknown(variables, "the environment")
    file = data / FILE_NAME
    try:
        with folder_in_use(data):
            if file.is_file():
                from_file = {k: v or "" for k, v in dotenv_values(file, interpolate=False).items()}
                _refuse_unknown(from_file, str(file))
                variables = {**from_file, **variables}
            return _check(variables, data)
    except EnvError as error:
        raise ConfigurationError(
            f"A setting cannot be read: {error}. Correct it in the environment or in {file}."
        ) from error


def _check(variables: Mapping[str, str], data: Path) -> Environment:
    env = Env(prefix=PREFIX, eager=True, expand_vars=False)
    # environs reads os.environ; give it what was merged, and put back what was there.
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        database = env.str("DATABASE", "sqlite").strip() or "sqlite"
        if database != "sqlite" and urlsplit(database).scheme not in {"postgresql", "postgres"}:
            raise ConfigurationError(
                f"{PREFIX}DATABASE is {database.split(':')[0]!r}; give sqlite or an address "
                "such as postgresql://levelhead:password@localhost:5432/levelhead."
            )
        level = env.str("LOG_LEVEL", "info").lower()
        if level not in {"debug", "info", "warning", "error"}:
            raise ConfigurationError(
                f"{PREFIX}LOG_LEVEL is {level!r}; choose debug, info, warning or error."
            )
        port = _checked_port(env, "PORT", 8600)
        stream_port = _checked_port(env, "STREAM_PORT", port + 1 if port < 65535 else port - 1)
        if port == stream_port:
            raise ConfigurationError(
                f"{PREFIX}PORT and {PREFIX}STREAM_PORT are both {port}; give two numbers."
            )
        public_port = _checked_port(env, "PUBLIC_PORT", min(65535, max(port, stream_port) + 1))
        if public_port in (port, stream_port):
            raise ConfigurationError(
                f"{PREFIX}PUBLIC_PORT is {public_port}, which pages or streams have; give another."
            )
        rereads = env.int("REREAD_PER_SECOND", 120)
        if not 0 <= rereads <= 100_000:
            raise ConfigurationError(
                f"{PREFIX}REREAD_PER_SECOND is {rereads}; give a number of posts, 0 or more."
            )
        return Environment(
            data=data,
            database=database,
            host=env.str("HOST", "127.0.0.1"),
            port=port,
            stream_port=stream_port,
            public_port=public_port,
            stream_url=env.str("STREAM_URL", ""),
            allowed_hosts=tuple(env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])),
            https=env.bool("HTTPS", False),
            **_mail(env),
            secret_key=_secret_key(data, env.str("SECRET_KEY", "")),
            log_level=level,
            reread_per_second=rereads,
            webhooks_private=env.bool("WEBHOOKS_PRIVATE", False),
            drafting_private=env.bool("DRAFTING_PRIVATE", False),
            websub_hub=check_web_address(PREFIX + "WEBSUB_HUB", env.str("WEBSUB_HUB", "")),
            debug=env.bool("DEBUG", False),
        )
    finally:
        os.environ.clear()
        os.environ.update(before)
