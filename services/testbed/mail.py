"""A mail server: OpenSMTPD takes mail and Dovecot keeps it, one mailbox for whatever address."""

from __future__ import annotations

import imaplib
import json
import shutil
import smtplib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from testbed import place, processes
from testbed.service import Addresses

_PORTS = {"smtp": 12525, "imap": 12143, "lmtp": 12424}
_DOVECOT = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{home}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {internal}
default_login_user = {login}
passdb {{
  driver = static
  args = password=mail
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
protocol lmtp {{
  auth_username_format = %Ln
}}
"""
# Every address ends in one mailbox; the letters keep saying whom they were for.
_SMTPD = """
queue compression
listen on 127.0.0.1 port {smtp}
action "in" lmtp "127.0.0.1:{lmtp}" rcpt-to virtual {{ "@" = "desk@localhost" }}
match from any for any action "in"
"""


class Mail:
    """SMTP in, IMAP out, on loopback. Needs root, as both servers change users."""

    name: ClassVar[str] = "mail"
    programs: ClassVar[Mapping[str, str]] = {
        "smtpd": "opensmtpd",
        "dovecot": "dovecot-imapd",
        "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    }
    needs: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str | None] = "LEVELHEAD_TEST_MAIL"

    def install(self) -> None:
        pass
