"""Files that colleagues send: bounded, of known kinds, kept by their hash in the data folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from levelhead.kernel.errors import Invalid, NotFound
from levelhead.kernel.hashed_files import fits_its_name, keep_bytes, place_of
from levelhead.kernel.text import clean_name
from levelhead.research.domain import FILE_BYTES, FILES_AT_ONCE, FILES_BYTES, FILES_FOLDER
from levelhead.research.models import ResearchFile, ResearchRequest

NAME_LIMIT: Final = 200
_BY_FIRST_BYTES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
# What must lie in a zip for it to be a document of this kind.
_OFFICE: Final = (
    ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),  # noqa: E501
    ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
)  # fmt: skip
_MACROS: Final = "vbaproject.bin"
_MOST_IN_ZIP: Final = 5_000
SUFFIXES: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    _OFFICE[0][1]: ".docx",
    _OFFICE[1][1]: ".xlsx",
    "text/plain": ".txt",
}


class Given(Protocol):
    """A file as a form or a mail brings it."""

    name: str | None

    def read(self, size: int = -1, /) -> bytes:
        """Its bytes."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptFile:
    """A file whose bytes are safe on the disk."""

    name: str
    content_type: str
    size: int
    sha256: str


def keep_files(request: ResearchRequest, given: Sequence[Given]) -> list[KeptFile]:
    """Check all, then put all into the data folder. Raises Invalid and keeps none.

    Rows follow in the transaction of the answer; without them the bytes are no harm.
    """
    if len(given) > FILES_AT_ONCE:
        raise Invalid(_("At most %(n)d files at once.") % {"n": FILES_AT_ONCE})
    checked = []
    total = 0
    for one in given:
        content = one.read(FILE_BYTES + 1)
        total += len(content)
        checked.append((clean_file_name(one.name), content, check_content(one.name, content)))
    if total > FILES_BYTES:
        raise Invalid(
            _("The files have more than %(n)d MB together. Leave some out, or put them where "
              "the desk can fetch them and say where.")
            % {"n": FILES_BYTES // 1_000_000}
        )  # fmt: skip
    return [
        KeptFile(
            name=name, content_type=kind, size=len(content),
            sha256=keep_bytes(_folder(request.agency_id), content),
        )
        for name, content, kind in checked
    ]  # fmt: skip


def add_rows(request: ResearchRequest, kept: Sequence[KeptFile]) -> list[ResearchFile]:
    """The rows of kept files, in the transaction of the answer."""
    return [
        ResearchFile.objects.create(
            agency_id=request.agency_id, request=request, name=one.name,
            content_type=one.content_type, size=one.size, sha256=one.sha256,
        )
        for one in kept
    ]  # fmt: skip


def clean_file_name(name: str | None) -> str:
    """A name to show; it never becomes a path."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return clean_name(last, NAME_LIMIT) or _("file")


def check_content(name: str | None, content: bytes) -> str:
    """What the bytes are, of the kinds that are taken. Raises Invalid."""
    shown = clean_file_name(name)[:60]
    if not content:
        raise Invalid(_("“%(name)s” is empty.") % {"name": shown})
    if len(content) > FILE_BYTES:
        raise Invalid(
            _("“%(name)s” has more than %(n)d MB.") % {"name": shown, "n": FILE_BYTES // 1_000_000}
        )
    kind = _kind_of(content)
    if kind is None:
        raise Invalid(
            _("“%(name)s” is of a kind that is not taken. Send PDF, PNG, JPEG, Word (.docx), Excel "
              "(.xlsx) or plain text.") % {"name": shown}
        )  # fmt: skip
    return kind


def _kind_of(content: bytes) -> str | None:
    for start, kind in _BY_FIRST_BYTES:
        if content.startswith(start):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _office_kind(content)
    # Text of any script, without control bytes that text has not.
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    head = text.lstrip("\ufeff \t\r\n")[:200].lower()
    if "\x00" in text or head.startswith(("<!doctype", "<html", "<svg", "<?xml", "<script")):
        return None
    return "text/plain"


def _office_kind(content: bytes) -> str | None:
    """By the parts that a document has; only the list of names is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [info.filename for info in archive.infolist()[:_MOST_IN_ZIP]]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return None
    if any(name.lower().endswith(_MACROS) for name in names):
        return None
    for part, kind in _OFFICE:
        if part in names:
            return kind
    return None


def path_of(agency_id: int, digest: str) -> Path:
    """Where the bytes of a file lie."""
    return place_of(_folder(agency_id), digest)


def _folder(agency_id: int) -> Path:
    data: Path = settings.ENVIRONMENT.data
    return data / FILES_FOLDER / str(agency_id)


def read_bytes(file: ResearchFile) -> bytes:
    """The bytes of a file, as they came. Raises NotFound where they are gone or changed."""
    try:
        content = path_of(file.agency_id, file.sha256).read_bytes()
    except OSError as error:
        raise NotFound(
            _("The bytes of this file are not in the data folder. Put back the backup's.")
        ) from error
    if not fits_its_name(content, file.sha256):
        raise NotFound(
            _("The bytes of this file were changed since it came. Put back the backup's.")
        )
    return content
