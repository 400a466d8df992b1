"""Pictures for tests, drawn here: a photograph with what a phone writes into it, a map, noise."""

from __future__ import annotations

import io
import os

from PIL import Image, ImageDraw

from levelhead.channels.domain import OutgoingPicture
from levelhead.pictures.preparing import prepare

SECRET = "Taken at 38.9072 N by unit 12"


def photograph(width: int = 1200, height: int = 900, *, turned: bool = False) -> bytes:
    """A JPEG with a place, a make and a comment in it; `turned` says: show it upright."""
    picture = Image.new("RGB", (width, height), "#446688")
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2, height // 2), fill="#cc3311")
    exif = Image.Exif()
    exif[0x010F] = "Phone of unit 12"
    exif[0x9286] = SECRET
    if turned:
        exif[0x0112] = 6
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (38.0, 54.0, 25.9)
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=SECRET.encode())
    return out.getvalue()


def street_map() -> bytes:
    """A PNG with a transparent ground and words that are not shown."""
    from PIL.PngImagePlugin import PngInfo

    picture = Image.new("RGBA", (600, 400), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((0, 200, 600, 200), fill="black", width=8)
    hidden = PngInfo()
    hidden.add_text("Comment", SECRET)
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=hidden)
    return out.getvalue()


def noise(side: int = 1800) -> bytes:
    """A PNG that no method makes small."""
    picture = Image.frombytes("RGB", (side, side), os.urandom(side * side * 3))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=0)
    return out.getvalue()


def outgoing(content: bytes, alt: str) -> OutgoingPicture:
    """A picture as a connector gets it."""
    drawn = prepare(content).sent
    return OutgoingPicture(
        content=drawn.content, content_type=drawn.content_type, width=drawn.width,
        height=drawn.height, alt=alt,
    )  # fmt: skip
