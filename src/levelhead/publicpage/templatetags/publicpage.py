"""Filters of the public page."""

from __future__ import annotations

from django import template

from levelhead.publicpage.domain import PublicPicture
from levelhead.publicpage.words import verdict_words as words_of

register = template.Library()


@register.filter
def verdict_words(verdict: str) -> str:
    """What became of a rumor."""
    return words_of(verdict)


@register.simple_tag
def alt_of(picture: PublicPicture, lang: str) -> str:
    """What a picture shows, in a language or else in one that was written."""
    return picture.alt(lang)
