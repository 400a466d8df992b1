"""What a person wrote in a mail, out of what programs put around it; and hostile mails."""

from __future__ import annotations

import time

import pytest

from levelhead.research.quoting import strip_quoted
from levelhead.research.reading import read_letter

ANSWER = "The camera is off at night.\nOnly a call turns it on."


@pytest.mark.parametrize(
    "below",
    [
        "On Mon, Mar 16, 2026 at 9:20 AM Desk <desk@example.gov> wrote:\n\n> A question",
        "On Mon, Mar 16, 2026 at 9:20 AM Riverton Police\n<desk@example.gov> wrote:\n> Q",
        "El lun, 16 mar 2026 a las 9:20, Desk (<desk@example.gov>) escribió:\n\n> hola",
        "-----Original Message-----\nFrom: Desk\nSent: Monday\n\nold words",
        "________________\nFrom: Desk <d@e.org>\nSent: Monday\nTo: Kim\n\nold words",
        "De: Desk <d@e.org>\nEnviado: lunes\nPara: Kim\nAsunto: Q\n\nold words",
        "> ## To answer by mail, write above this line ##\n> old words",
        "-- \nKim, Records",
    ],
)
def test_what_is_quoted_is_cut(below: str) -> None:
    found = strip_quoted(f"{ANSWER}\n\n{below}\n")
    assert found.replace("_", "").strip() == ANSWER


def test_words_that_only_look_like_quoting_stay() -> None:
    for text in (
        "On Monday we wrote: nothing.\nThat is all.",
        "From: the depot it takes an hour.\nTo be honest, two.",
        "On call only.",
        "Line one\n\n5 > 4, so yes.",
    ):
        assert strip_quoted(text) == text


def test_answers_between_the_quoted_lines_are_kept() -> None:
    assert strip_quoted("> Does it film?\nNo.\n> At night?\nNo.") == "No.\nNo."


def test_nothing_but_quoted_lines_is_kept_whole() -> None:
    assert strip_quoted("> all of it\n> is quoted") == "> all of it\n> is quoted"


@pytest.mark.parametrize(
    "text", ["\n" * 60_000, "On " * 20_000 + "wrote:", "From: a\n" * 8_000, "-" * 60_000,
             "> " * 30_000, "On x\n" * 12_000, "## " * 20_000]
)  # fmt: skip
def test_time_grows_with_the_length_alone(text: str) -> None:
    began = time.perf_counter()
    strip_quoted(text)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00\xff" * 1_000, b"Subject: =?utf-8?b?%%%?=\n\nx",
        b"Content-Type: text/plain; charset=nonsense\n\n\xe9", b"From: <" + b"<" * 5_000,
        b"Content-Type: multipart/mixed; boundary=A\n\n" + b"--A\n\nx\n" * 5_000,
        b"Content-Type: multipart/mixed; boundary=A\n" * 300 + b"\n\n--A\n",
        b"Content-Transfer-Encoding: base64\n\n%%%%", b"Subject: " + b"x" * 1_000_000,
        b"Content-Type: text/html\n\n" + b"<div>" * 20_000,
        b"Content-Type: message/rfc822\n\n" * 200,
    ],
)  # fmt: skip
def test_anything_is_a_mail(raw: bytes) -> None:
    letter = read_letter(raw)
    assert "\x00" not in letter.whole_text + letter.subject + letter.sender
    assert len(letter.subject) <= 300


def test_html_alone_is_read_as_words() -> None:
    raw = (
        b"From: Kim <kim@example.gov>\nContent-Type: text/html; charset=utf-8\n\n"
        b"<style>p{}</style><p>No &amp; never.</p><script>alert(1)</script>"
        b"<blockquote><p>old words</p></blockquote>"
    )
    letter = read_letter(raw)
    assert letter.text == "No & never."
    assert letter.sender == "kim@example.gov"


def test_a_delay_is_no_bounce_for_good() -> None:
    raw = (
        b"From: MAILER-DAEMON@x.org\nContent-Type: multipart/report; boundary=B\n\n--B\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        b"Final-Recipient: rfc822; a@b.org\nAction: delayed\nStatus: 4.4.1\n\n--B--\n"
    )
    letter = read_letter(raw)
    assert letter.bounce == "4.4.1"
    assert not letter.bounced
