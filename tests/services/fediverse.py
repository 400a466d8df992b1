"""People on the real server of the fediverse that tests talk to."""

from __future__ import annotations

import re
import secrets
import subprocess
from typing import Any

import httpx

_TOKEN = re.compile(r"\b[0-9a-f]{32}\b")


class Resident:
    """An account on the server, used over its interface and its sign-in page."""

    def __init__(self, service: dict[str, Any], name: str) -> None:
        self.url = str(service["url"])
        self.name = f"{name}{secrets.token_hex(4)}"
        self._command(service, "adduser", self.name)
        password = self._command(service, "resetpwd", self.name).split()[-1]
        page = httpx.post(
            f"{self.url}/oauth/x-snac-get-token", data={"login": self.name, "passwd": password}
        )
        found = _TOKEN.search(page.text)
        assert found, page.text[:500]
        self.token = found[0]
        self.handle = f"{self.name}@{self.url.partition('//')[2]}"

    @staticmethod
    def _command(service: dict[str, Any], verb: str, name: str) -> str:
        done = subprocess.run(
            ["snac", verb, str(service["home"]), name],
            user=str(service["user"]), capture_output=True, text=True, check=True, cwd="/",
        )  # fmt: skip
        return done.stdout + done.stderr

    def post(self, text: str, parent: str | None = None) -> dict[str, Any]:
        """Say something in public; gives the server's status."""
        body = {"status": text, "visibility": "public"}
        if parent is not None:
            body["in_reply_to_id"] = parent
        return self._ask("POST", "api/v1/statuses", json=body)

    def own(self) -> list[dict[str, Any]]:
        """What the account has said, newest first."""
        me = self._ask("GET", "api/v1/accounts/verify_credentials")["id"]
        return self._ask("GET", f"api/v1/accounts/{me}/statuses")  # type: ignore[return-value]

    def mentions(self) -> list[dict[str, Any]]:
        """Who spoke to the account."""
        return self._ask("GET", "api/v1/notifications")  # type: ignore[return-value]

    def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        answer = httpx.request(
            method, f"{self.url}/{path}", headers={"authorization": f"Bearer {self.token}"}, **given
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
