"""A folder of public pages for each test, and a look at what lies in it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings

from levelhead.incidents.actions import stand_down
from levelhead.incidents.models import Incident
from levelhead.ledger.models import Fact
from levelhead.publicpage.folder import public_folder
from levelhead.updates.models import Update
from tests.integration.incidents.crisis import Crisis

BASE = "https://desk.riverton.example"


class PublicPages(Crisis):
    """Says things in public and reads what everybody reads."""

    data: Path

    def make_pages(self, **settings_given: Any) -> None:
        """A crisis, with a data folder of its own and a public address."""
        self.make_crisis()
        folder = tempfile.TemporaryDirectory(prefix="levelhead-pages-")
        self.addCleanup(folder.cleanup)  # type: ignore[attr-defined]
        self.data = Path(folder.name)
        given = {"public_url": BASE, "data": self.data, **settings_given}
        changed = override_settings(ENVIRONMENT=replace(settings.ENVIRONMENT, **given))
        changed.enable()
        self.addCleanup(changed.disable)  # type: ignore[attr-defined]

    def say(self, incident: Incident, *facts: Fact, **fields: Any) -> Update:
        """Send an update, with what follows once it is kept."""
        with self.captureOnCommitCallbacks(execute=True):  # type: ignore[attr-defined]
            return self.send(incident, *facts, **fields)

    def end(self, incident: Incident, why: str = "Inside reason: tip from a source.") -> Incident:
        """Stand down, with what follows once it is kept."""
        with self.captureOnCommitCallbacks(execute=True):  # type: ignore[attr-defined]
            return stand_down(incident=incident, why=why, by=self.alice, expected_version=None)

    def file(self, incident: Incident, name: str = "index.html") -> bytes:
        """The bytes of a public file."""
        root = public_folder(self.data) / incident.agency.slug / incident.slug
        return (root / name).read_bytes()

    def page(self, incident: Incident, name: str = "index.html") -> str:
        """The words of a public page, without its marks."""
        text = re.sub(r"<[^>]+>", " ", self.file(incident, name).decode())
        return " ".join(text.split())

    def all_bytes(self) -> bytes:
        """Everything that everybody can get."""
        root = public_folder(self.data)
        return b"\n".join(
            one.read_bytes()
            for one in sorted(root.rglob("*"))
            if one.is_file() and one.suffix != ".gz"
        )
