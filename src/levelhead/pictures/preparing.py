"""A picture as it came becomes one that may go out: upright, bounded, without what it carries.

Cameras write where and when a picture was made into it, and sometimes the picture before it was
cut. Nothing of that survives: the picture is drawn anew.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from levelhead.kernel.errors import Invalid
from levelhead.pictures.domain import (
    MOST_PIXELS,
    SENT_BYTES,
    SIDE,
    SMALL_BYTES,
    SMALL_SIDE,
    UPLOAD_BYTES,
)

_TAKEN: Final = ("JPEG", "PNG", "WEBP")
_QUALITIES: Final = (88, 80, 70, 60, 50)
# Smaller each time until the bytes fit; noise at full size needs it.
_SHRINK: Final = 0.8
_LEAST_SIDE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A picture as bytes."""

    content: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A picture in the size that is sent, and in the size for pages."""

    sent: Drawn
    small: Drawn


def prepare(content: bytes) -> Prepared:
    """Draw it anew. Raises Invalid where it is no picture that is taken."""
    if len(content) > UPLOAD_BYTES:
        raise Invalid(
            _("The picture has more than %(n)d MB. Make it smaller first.")
            % {"n": UPLOAD_BYTES // 1_000_000}
        )
    picture = _open(content)
    sharp = picture.format == "PNG"
    upright = _on_white(ImageOps.exif_transpose(picture))
    sent = _fit(upright, SIDE)
    return Prepared(
        sent=(_as_png(sent) if sharp else None) or _as_jpeg(sent, SENT_BYTES),
        small=_as_jpeg(_fit(upright, SMALL_SIDE), SMALL_BYTES),
    )


def _open(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=_TAKEN)
            if picture.width * picture.height > MOST_PIXELS:
                raise Invalid(
                    _("The picture has more than %(n)d million pixels. Make it smaller first.")
                    % {"n": MOST_PIXELS // 1_000_000}
                )
            # Large photographs are read at a fraction of their size where the format allows it.
            picture.draft("RGB", (SIDE, SIDE))
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise Invalid(
            _("This is no picture that can be read. Give a JPEG, PNG or WebP file.")
        ) from error
    return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """The dots alone, on white where something shines through: platforms put black behind it.

    A new picture: comments and profiles of the old one would be written with it.
    """
    drawn = Image.new("RGB", picture.size, "white")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        drawn.paste(coloured, mask=coloured.getchannel("A"))
    else:
        drawn.paste(picture.convert("RGB"))
    return drawn


def _fit(picture: Image.Image, side: int) -> Image.Image:
    """No longer than `side` on either side."""
    if max(picture.size) <= side:
        return picture
    return ImageOps.contain(picture, (side, side), Image.Resampling.LANCZOS)


def _as_png(picture: Image.Image) -> Drawn | None:
    """Maps and notices with text stay sharp; None where that takes too many bytes."""
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    if out.tell() > SENT_BYTES:
        return None
    return Drawn(
        content=out.getvalue(), content_type="image/png", width=picture.width,
        height=picture.height,
    )  # fmt: skip


def _as_jpeg(picture: Image.Image, most: int) -> Drawn:
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= most or max(picture.size) <= _LEAST_SIDE:
                return Drawn(
                    content=out.getvalue(), content_type="image/jpeg", width=picture.width,
                    height=picture.height,
                )  # fmt: skip
        picture = _fit(picture, int(max(picture.size) * _SHRINK))
