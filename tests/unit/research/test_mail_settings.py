"""Settings of mail: refused with a sentence where they cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelhead.config.environment import read_environment
from levelhead.config.mail import IMAP, SMTP, read_server
from levelhead.kernel.errors import ConfigurationError

GOOD = {
    "LEVELHEAD_PUBLIC_URL": "https://desk.example.gov/",
    "LEVELHEAD_MAIL_URL": "smtp://desk:p%40ss@mail.example.gov",
    "LEVELHEAD_MAIL_FROM": "desk@example.gov",
    "LEVELHEAD_IMAP_URL": "imaps://desk:x@mail.example.gov/Answers",
}


def test_what_is_read(tmp_path: Path) -> None:
    found = read_environment({"LEVELHEAD_DATA": str(tmp_path), **GOOD})
    assert found.public_url == "https://desk.example.gov"
    smtp = read_server("x", found.mail_url, SMTP)
    assert (smtp.host, smtp.port, smtp.password, smtp.tls) == (
        "mail.example.gov",
        587,
        "p@ss",
        False,
    )
    imap = read_server("x", found.imap_url, IMAP)
    assert (imap.port, imap.tls, imap.folder) == (993, True, "Answers")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEVELHEAD_PUBLIC_URL", ""), ("LEVELHEAD_PUBLIC_URL", "desk.example.gov"),
        ("LEVELHEAD_MAIL_URL", "http://mail.example.gov"), ("LEVELHEAD_MAIL_URL", "smtp://"),
        ("LEVELHEAD_MAIL_URL", "smtp://h:x"), ("LEVELHEAD_MAIL_URL", ""),
        ("LEVELHEAD_MAIL_FROM", ""), ("LEVELHEAD_MAIL_FROM", "desk+x@example.gov"),
        ("LEVELHEAD_MAIL_FROM", "d" * 26 + "@example.gov"),
        ("LEVELHEAD_IMAP_URL", "smtp://mail.example.gov"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match="LEVELHEAD_") as caught:
        read_environment({"LEVELHEAD_DATA": str(tmp_path), **GOOD, name: value})
    # A password never gets into a message.
    assert "p%40ss" not in caught.value.message
