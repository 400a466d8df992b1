"""Mail: OpenSMTPD takes it, Dovecot keeps it, a mailbox for each name before the @."""

from __future__ import annotations

import imaplib
import json
import os
import shutil
import smtplib
from collections.abc import Mapping
from typing import ClassVar

from testbed import place, processes
from testbed.processes import ServiceError
from testbed.service import Addresses

PASSWORD = "mail"  # noqa: S105  of a server on loopback that holds invented letters
_PORTS = {"smtp": 12525, "imap": 12143, "lmtp": 12424}
_KEEPER = "mail-dovecot"
# Neither server works without root: they start as root and read and write as nobody.
_DOVECOT = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
auth_username_format = %Ln
recipient_delimiter = +
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
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
"""
_SMTPD = """
listen on 127.0.0.1 port {smtp}
action "in" lmtp "127.0.0.1:{lmtp}" rcpt-to virtual {{ "@" = "nobody" }}
match from any for any action "in"
"""


class Mail:
    """A mail server for every address there is; nothing leaves the machine."""

    name: ClassVar[str] = "mail"
    programs: ClassVar[Mapping[str, str]] = {
        "smtpd": "opensmtpd",
        "dovecot": "dovecot-imapd",
        "lmtp": "dovecot-lmtpd",
    }
    needs: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str | None] = "LEVELHEAD_TEST_MAIL"

    def install(self) -> None:
        pass

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        if os.geteuid() != 0:
            raise ServiceError("mail: OpenSMTPD and Dovecot start as root; run this as root.")
        home = place.outside(self.name)
        ports = place.take_ports(self.name, _PORTS)
        # Starts empty every time.
        shutil.rmtree(home, ignore_errors=True)
        for part in ("run", "state", "mail"):
            (home / part).mkdir(parents=True)
        home.chmod(0o755)
        shutil.chown(home / "mail", "nobody", "nogroup")
        dovecot, smtpd = home / "dovecot.conf", home / "smtpd.conf"
        dovecot.write_text(_DOVECOT.format(home=home, password=PASSWORD, **ports))
        smtpd.write_text(_SMTPD.format(**ports))
        # In the foreground: in the background it keeps hold of whoever started it.
        processes.start(
            _KEEPER, (shutil.which("dovecot") or "dovecot", "-F", "-c", dovecot), cwd=home
        )
        processes.start(self.name, (shutil.which("smtpd") or "smtpd", "-d", "-f", smtpd), cwd=home)
        addresses: dict[str, object] = {
            "smtp": f"smtp://127.0.0.1:{ports['smtp']}",
            "imap": f"imap://127.0.0.1:{ports['imap']}",
            "password": PASSWORD,
        }
        processes.wait_until(self.name, lambda: self.answers(addresses), seconds=20)
        return addresses

    def answers(self, addresses: Addresses) -> bool:
        try:
            smtp, imap = (int(str(addresses[name]).rpartition(":")[2]) for name in ("smtp", "imap"))
            with smtplib.SMTP("127.0.0.1", smtp, timeout=5) as link:
                link.noop()
            box = imaplib.IMAP4("127.0.0.1", imap, timeout=5)
            box.login("probe", PASSWORD)
            box.logout()
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error):
            return False
        return True

    def stop(self) -> bool:
        keeper = processes.stop(_KEEPER)
        return processes.stop(self.name) or keeper

    def value(self, addresses: Addresses) -> str:
        return json.dumps(dict(addresses))
