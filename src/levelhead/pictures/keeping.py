"""Taking pictures in and giving their bytes out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.kernel.errors import NotFound
from levelhead.kernel.hashed_files import fits_its_name, keep_bytes, place_of
from levelhead.pictures.domain import FOLDER, UPLOAD_BYTES
from levelhead.pictures.models import Picture
from levelhead.pictures.preparing import prepare


class Given(Protocol):
    """A file as a form brings it."""

    def read(self, size: int = -1, /) -> bytes:
        """Its bytes."""
        ...


def keep_picture(*, agency: Agency, given: Given, by: User) -> Picture:
    """Draw it anew and keep it; the same picture again is the same row. Raises Invalid."""
    require(by, agency.pk, Ability.REPLY)
    drawn = prepare(given.read(UPLOAD_BYTES + 1))
    folder = _folder(agency.pk)
    picture, _made = Picture.objects.get_or_create(
        agency=agency,
        by=by,
        sha256=keep_bytes(folder, drawn.sent.content),
        defaults={
            "content_type": drawn.sent.content_type, "size": len(drawn.sent.content),
            "width": drawn.sent.width, "height": drawn.sent.height,
            "small_sha256": keep_bytes(folder, drawn.small.content),
            "small_width": drawn.small.width, "small_height": drawn.small.height,
        },
    )  # fmt: skip
    return picture


def bytes_of(picture: Picture, *, small: bool = False) -> bytes:
    """Its bytes. Raises NotFound where they are gone or changed."""
    digest = picture.small_sha256 if small else picture.sha256
    try:
        content = place_of(_folder(picture.agency_id), digest).read_bytes()
    except OSError as error:
        raise NotFound(
            _("The bytes of this picture are not in the data folder. Put back the backup's.")
        ) from error
    if not fits_its_name(content, digest):
        raise NotFound(
            _("The bytes of this picture were changed since it came. Put back the backup's.")
        )
    return content


def _folder(agency_id: int) -> Path:
    data: Path = settings.ENVIRONMENT.data
    return data / FOLDER / str(agency_id)
