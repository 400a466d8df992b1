"""What goes out is drawn anew: upright, small enough, with nothing that cameras add."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from levelhead.kernel.errors import Invalid
from levelhead.pictures.domain import SENT_BYTES, SIDE, SMALL_BYTES, SMALL_SIDE
from levelhead.pictures.preparing import prepare
from tests.integration.updates.drawing import SECRET, noise, photograph, street_map


def test_nothing_that_the_camera_wrote_survives() -> None:
    given = photograph()
    assert SECRET.encode() in given
    for drawn in (prepare(given).sent, prepare(given).small):
        assert SECRET.encode() not in drawn.content
        assert b"Exif" not in drawn.content
        opened = Image.open(io.BytesIO(drawn.content))
        assert not opened.getexif()
        assert "comment" not in opened.info
    assert SECRET.encode() not in prepare(street_map()).sent.content


def test_it_stands_upright() -> None:
    drawn = prepare(photograph(1200, 900, turned=True)).sent
    assert (drawn.width, drawn.height) == (900, 1200)


def test_a_map_stays_sharp_on_white_ground() -> None:
    drawn = prepare(street_map()).sent
    assert drawn.content_type == "image/png"
    opened = Image.open(io.BytesIO(drawn.content)).convert("RGB")
    assert opened.getpixel((5, 5)) == (255, 255, 255)
    assert opened.getpixel((300, 200)) == (0, 0, 0)


@pytest.mark.parametrize("given", [noise(), photograph(6000, 4000)])
def test_both_sizes_are_bounded(given: bytes) -> None:
    made = prepare(given)
    assert len(made.sent.content) <= SENT_BYTES
    assert max(made.sent.width, made.sent.height) <= SIDE
    assert len(made.small.content) <= SMALL_BYTES
    assert max(made.small.width, made.small.height) <= SMALL_SIDE


def _png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def part(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content
            + struct.pack(">I", zlib.crc32(name + content))
        )  # fmt: skip

    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"\0" * 100))
        + part(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"GIF89a" + bytes(50),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        photograph()[:2000],
        _png(30_000, 30_000),
        _png(9_000, 9_000),
        bytes(25_000_001),
    ],
    ids=["empty", "gif", "svg", "html", "cut", "bomb", "large", "too many bytes"],
)
def test_what_is_no_picture_is_refused(given: bytes) -> None:
    with pytest.raises(Invalid):
        prepare(given)
