"""What is taken as a picture, and what is made of it. Pure."""

from __future__ import annotations

from typing import Final

FOLDER: Final = "pictures"
# Of one file as it comes; phones make pictures of 3 to 15 MB.
UPLOAD_BYTES: Final = 25_000_000
# Width times height: what a picture of few bytes may unfold to in memory.
MOST_PIXELS: Final = 80_000_000
# Longest side of what is sent, in pixels, and its bytes: Bluesky takes 1,000,000
# (lexicon app.bsky.embed.images, 2026-11), Mastodon 16 MB and 8.3 million pixels.
SIDE: Final = 2_000
SENT_BYTES: Final = 950_000
# Of the one that stands on the public page; a stampede loads it.
SMALL_SIDE: Final = 800
SMALL_BYTES: Final = 90_000
MOST: Final = 4
# Bluesky's own program takes 2,000 characters, Mastodon 1,500.
ALT_LIMIT: Final = 1_000
SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png"}
