"""What is sent on a replay channel is there once, whatever happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from levelhead.connectors.replay import connect
from levelhead.kernel.errors import (
    ChannelRefused,
    SendUnclear,
)

from .contract import read_to_the_end, reply_to
from .recordings import account_for, ids_of


def test_without_an_outbox_file_nothing_can_be_sent() -> None:
    connector = connect(account_for("demo:form"))
    with pytest.raises(ChannelRefused, match="takes no replies"):
        connector.send(reply_to("w001"))
    connector.close()


def test_a_line_cut_off_by_a_crash_does_not_harm_the_next(tmp_path: Path) -> None:
    outbox = tmp_path / "sent.jsonl"
    account = account_for("demo:form", outbox_file=str(outbox))
    connector = connect(account)
    first = connector.send(reply_to("w001"))
    whole = outbox.read_bytes()
    outbox.write_bytes(whole + whole[: len(whole) // 2].replace(b"3k7q", b"cut0"))
    cut, second = reply_to("w001", marker="cut0marker001"), reply_to("w001", marker="second0000000")
    assert connector.find(cut) is None
    connector.send(second)
    assert connector.send(cut).external_id == "reply-cut0marker001"
    assert connector.send(reply_to("w001")) == first
    posts, _ = read_to_the_end(connector)
    connector.close()
    assert [post.external_id for post in posts if post.from_agency] == [
        "reply-3k7qmarker001",
        "reply-second0000000",
        "reply-cut0marker001",
    ]


def test_many_hands_send_a_marker_once(tmp_path: Path) -> None:
    outbox = tmp_path / "sent.jsonl"
    markers = [f"marker{number:07}" for number in range(5)] * 8

    def send(marker: str) -> str:
        connector = connect(account_for("demo:form", outbox_file=str(outbox)))
        return connector.send(reply_to("w001", marker=marker)).external_id

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(send, markers))
    assert receipts == [f"reply-{marker}" for marker in markers]
    assert len(outbox.read_text().splitlines()) == 5


def test_a_write_that_fails_half_way_is_unclear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = connect(account_for("demo:form", outbox_file=str(tmp_path / "sent.jsonl")))

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("levelhead.connectors.replay.outbox.os.write", full)
        with pytest.raises(SendUnclear, match="No space left"):
            connector.send(reply_to("w001"))
    assert connector.find(reply_to("w001")) is None
    connector.close()


def test_a_new_outbox_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    outbox = tmp_path / "sent.jsonl"
    connector = connect(account_for("demo:form", outbox_file=str(outbox), speed=0))
    for number in range(3):
        connector.send(reply_to("w001", marker=f"old{number:010}"))
    _, cursor = read_to_the_end(connector)
    outbox.unlink()
    connector.send(reply_to("w001", marker="new0000000000"))
    assert ids_of(connector.fetch(cursor).posts) == ["reply-new0000000000"]
    connector.close()
