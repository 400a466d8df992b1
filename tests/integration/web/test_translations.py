"""Every text has its Spanish, with the same places for values, and the program can read it."""

from __future__ import annotations

import gettext
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation import trans_real

from levelhead.web.catalog import (
    LOCALES,
    CatalogError,
    Entry,
    compile_all,
    compile_catalog,
    read_catalog,
)

SPANISH = LOCALES / "es" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]")
TAGS = re.compile(r"</?\w+>")
SOURCE = LOCALES.parents[1]


def spanish() -> list[Entry]:
    with SPANISH.open(encoding="utf-8") as lines:
        return read_catalog(iter(lines))


def test_nothing_is_untranslated_or_a_guess() -> None:
    entries = spanish()
    assert len(entries) > 250
    assert [entry.text for entry in entries if not entry.translated or entry.fuzzy] == []


def test_plurals_have_both_forms() -> None:
    assert [e.text for e in spanish() if e.plural is not None and sorted(e.forms) != [0, 1]] == []


def test_places_for_values_and_tags_are_the_same() -> None:
    wrong = [
        (original, words)
        for entry in spanish()
        if entry.text
        for number, words in entry.forms.items()
        for original in [entry.plural if number and entry.plural else entry.text]
        for pattern in (PLACES, TAGS)
        if sorted(pattern.findall(original)) != sorted(pattern.findall(words))
    ]
    assert wrong == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext (apt install gettext)")
def test_every_text_of_the_source_is_in_the_catalogue(tmp_path: Path) -> None:
    copy = tmp_path / "levelhead"
    # The program itself runs from the copy: its settings say where the catalogues are.
    shutil.copytree(
        SOURCE, copy, ignore=shutil.ignore_patterns("*.npz", "static", "__pycache__", "*.jsonl")
    )
    catalogue = copy / "web" / "locale" / "es" / "LC_MESSAGES" / "django.po"
    before = {(entry.context, entry.text) for entry in spanish()}
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "es"],
        cwd=copy, check=True, capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), **_settings(tmp_path)},
    )  # fmt: skip
    with catalogue.open(encoding="utf-8") as lines:
        after = {(entry.context, entry.text) for entry in read_catalog(iter(lines))}
    assert sorted(text for _, text in after - before) == [], "run make messages and translate"
    assert sorted(text for _, text in before - after) == [], "run make messages: no longer used"


def _settings(tmp_path: Path) -> dict[str, str]:
    return {
        "LEVELHEAD_DATA": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "levelhead.config.settings",
    }


def test_the_compiled_catalogue_says_the_same() -> None:
    entries = spanish()
    read = gettext.GNUTranslations(io.BytesIO(compile_catalog(entries)))
    for entry in entries:
        if entry.plural is not None:
            assert read.ngettext(entry.text, entry.plural, 1) == entry.forms[0]
            assert read.ngettext(entry.text, entry.plural, 7) == entry.forms[1]
        elif entry.text:
            found = (
                read.gettext(entry.text)
                if entry.context is None
                else read.pgettext(entry.context, entry.text)
            )
            assert found == entry.forms[0]


def test_pages_speak_spanish() -> None:
    assert [path.name for path in compile_all()] == ["django.mo"]
    with translation.override("es"):
        # What Django read before the catalogue was compiled is not asked again.
        trans_real._translations.clear()  # type: ignore[attr-defined]
        translation.activate("es")
        assert "Por invitación" in get_template("accounts/invited_only.html").render({})


@pytest.mark.parametrize("line", ["msgid unquoted", 'msgid "a" "b', "hello", 'msgstr[x] "a"'])
def test_a_broken_catalogue_is_refused(line: str) -> None:
    with pytest.raises(CatalogError):
        read_catalog(iter(['msgid "a"', line]))


def test_guesses_contexts_and_untranslated_texts() -> None:
    source = (
        '#, fuzzy\nmsgid "guess"\nmsgstr "quizá"\n\n'
        'msgid "empty"\nmsgstr ""\n\n'
        'msgctxt "verb"\nmsgid "open"\nmsgstr "ab"\n"rir"\n\n'
        '#~ msgid "old"\n#~ msgstr "viejo"\n'
    )
    entries = read_catalog(iter(source.splitlines()))
    assert [entry.text for entry in entries] == ["guess", "empty", "open"]
    read = gettext.GNUTranslations(io.BytesIO(compile_catalog(entries)))
    assert read.gettext("guess") == "guess"
    assert read.gettext("empty") == "empty"
    assert read.pgettext("verb", "open") == "abrir"
    assert read.gettext("open") == "open"
