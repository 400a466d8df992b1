"""One request: what an endpoint may do to us, and what comes of each. A fake server, no model."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import pytest

from levelhead.drafting.calling import Endpoint, ask
from levelhead.drafting.domain import ANSWER_BYTES, NoDraftError, Trouble, Ways
from tests.integration.drafting.fake_model import MODEL, FakeModel, completion, sentences

MESSAGES = [{"role": "system", "content": "task"}, {"role": "user", "content": "post"}]
GOOD = sentences(("Drones fly at fires.", (1,)))
KEY = "sk-secret-0123456789"


@pytest.fixture
def fake() -> Iterator[FakeModel]:
    made = FakeModel(GOOD)
    yield made
    made.close()


def endpoint(fake: FakeModel, **fields: object) -> Endpoint:
    return replace(Endpoint(base_url=fake.url, model="wanted", key=KEY, private=True), **fields)


def trouble(fake: FakeModel, *, seconds: float = 10, **fields: object) -> NoDraftError:
    with pytest.raises(NoDraftError) as failed:
        ask(endpoint(fake, **fields), MESSAGES, seconds=seconds)
    assert KEY not in failed.value.said
    assert len(failed.value.said) <= 300
    return failed.value


def test_the_request_is_that_of_the_protocol(fake: FakeModel) -> None:
    answered = ask(endpoint(fake), MESSAGES, seconds=10)
    assert answered is not None
    assert (answered.text, answered.model, answered.tokens) == (GOOD, MODEL, 460)
    body, headers = fake.asked[0], fake.headers[0]
    assert fake.paths == ["/v1/chat/completions"]
    assert body["model"] == "wanted"
    assert body["messages"] == MESSAGES
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert body["max_tokens"] > 0
    assert body["response_format"]["json_schema"]["strict"] is True
    assert "tools" not in body
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Accept-Encoding"] == "identity"


def test_no_key_sends_no_key(fake: FakeModel) -> None:
    ask(endpoint(fake, key=""), MESSAGES, seconds=10)
    assert "Authorization" not in fake.headers[0]


def test_a_whole_answer_to_who_asked_for_parts(fake: FakeModel) -> None:
    fake.mode = "whole"
    answered = ask(endpoint(fake), MESSAGES, seconds=10)
    assert answered is not None
    assert answered.text == GOOD
    assert answered.ways.stream is False


def test_a_server_that_knows_less_is_asked_in_its_way_and_remembered(fake: FakeModel) -> None:
    fake.mode = "plain_only"
    answered = ask(endpoint(fake), MESSAGES, seconds=10)
    assert answered is not None
    assert answered.ways == Ways(stream=False, form="none")
    asked = len(fake.asked)
    ask(endpoint(fake, ways=answered.ways), MESSAGES, seconds=10)
    assert len(fake.asked) == asked + 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Trouble.REFUSED), (401, Trouble.KEY), (403, Trouble.KEY), (404, Trouble.MODEL),
        (429, Trouble.BUSY), (500, Trouble.DOWN), (502, Trouble.DOWN), (503, Trouble.DOWN),
    ],
)  # fmt: skip
def test_refusals(fake: FakeModel, status: int, expected: Trouble) -> None:
    fake.mode, fake.status = "fails", status
    fake.error = {"error": {"message": f"no, and your key is {KEY}"}}
    failed = trouble(fake)
    assert failed.trouble == expected
    assert "no, and your key is …" in failed.said
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [("7", 7), ("0.5", 0.5), ("999999", 3600), ("soon", None), ("-5", None), ("", None)],
)
def test_retry_after(fake: FakeModel, given: str, expected: float | None) -> None:
    fake.mode, fake.status, fake.retry_after = "fails", 429, given
    assert trouble(fake).retry_after == expected


@pytest.mark.parametrize(
    "error",
    [b"<html>oops</html>", b"\xff\xfe\x00", b"[" * 5000, b'"just words"', b"null", b""],
)
def test_refusals_that_are_no_json(fake: FakeModel, error: bytes) -> None:
    fake.mode, fake.status, fake.error = "fails", 500, error
    assert trouble(fake).trouble == Trouble.DOWN


def test_a_redirect_is_not_followed(fake: FakeModel) -> None:
    fake.mode = "moves"
    assert trouble(fake).trouble == Trouble.MOVED
    assert fake.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize("mode", ["drips", "drips_headers"])
def test_the_time_limit_is_for_the_whole_even_where_something_always_comes(
    fake: FakeModel, mode: str
) -> None:
    fake.mode = mode
    began = time.monotonic()
    assert trouble(fake, seconds=0.7).trouble == Trouble.TIMEOUT
    assert time.monotonic() - began < 3


def test_silence_ends_with_the_time_limit(fake: FakeModel) -> None:
    fake.go.clear()
    began = time.monotonic()
    assert trouble(fake, seconds=0.5).trouble == Trouble.TIMEOUT
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("mode", ["floods", "floods_whole"])
def test_a_hundred_megabytes_are_not_read(fake: FakeModel, mode: str) -> None:
    fake.mode = mode
    assert trouble(fake, seconds=20).trouble == Trouble.TOO_LARGE
    # What the sockets between us hold comes on top of what was read.
    assert fake.poured < ANSWER_BYTES + 20_000_000


@pytest.mark.parametrize("mode", ["breaks_off", "breaks_off_whole", "hangs_up"])
def test_a_connection_that_ends_midway_gives_nothing(fake: FakeModel, mode: str) -> None:
    fake.mode = mode
    assert trouble(fake).trouble == Trouble.UNREACHABLE


def test_nobody_there(fake: FakeModel) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    assert trouble(fake, base_url=url).trouble == Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"not json", Trouble.GARBLED),
        (b"[]", Trouble.GARBLED),
        (b"{}", Trouble.GARBLED),
        (b'{"choices": []}', Trouble.GARBLED),
        (b'{"choices": "x"}', Trouble.GARBLED),
        (b'{"choices": [null]}', Trouble.GARBLED),
        (b'{"choices": [{"message": 5}]}', Trouble.EMPTY),
        (b'{"choices": [{"message": {"content": null}}]}', Trouble.EMPTY),
        (b'{"choices": [{"message": {"content": {"a": 1}}}]}', Trouble.EMPTY),
        (b"[" * 20_000, Trouble.GARBLED),
        (b'{"choices": ' + b'[{"a":' * 5000, Trouble.GARBLED),
        (b"\xff\xff", Trouble.GARBLED),
    ],
)
def test_wrong_shapes(fake: FakeModel, raw: bytes, expected: Trouble) -> None:
    fake.mode, fake.error = "as_told", raw
    assert trouble(fake).trouble == expected


def test_cut_off_filtered_and_refused_answers_are_not_used(fake: FakeModel) -> None:
    fake.mode = "as_told"
    for told, expected in (
        (completion(GOOD, finish_reason="length"), Trouble.CUT),
        (completion(GOOD, finish_reason="content_filter"), Trouble.FILTERED),
        (completion(None, message={"refusal": "I will not."}), Trouble.FILTERED),
        (completion("  \n"), Trouble.EMPTY),
    ):
        fake.error = told
        assert trouble(fake).trouble == expected


def test_an_answer_as_a_call_of_a_tool_is_read_like_any(fake: FakeModel) -> None:
    fake.mode = "calls_a_tool"
    answered = ask(endpoint(fake), MESSAGES, seconds=10)
    assert answered is not None
    assert answered.text == GOOD


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": True}, {"total_tokens": -4}, "x"])
def test_a_count_that_is_none_is_none(fake: FakeModel, usage: object) -> None:
    fake.mode, fake.error = "as_told", {**completion(GOOD), "usage": usage}
    answered = ask(endpoint(fake), MESSAGES, seconds=10)
    assert answered is not None
    assert answered.tokens is None


def test_cancelling_ends_the_request_at_once(fake: FakeModel) -> None:
    fake.go.clear()
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    found = ask(endpoint(fake), MESSAGES, seconds=30, is_cancelled=stop.is_set)
    assert found is None
    assert time.monotonic() - began < 3


def _answering(*addresses: str) -> mock._patch[mock.Mock]:
    async def look(_self: object, _host: str, port: int, **_more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return mock.patch("asyncio.base_events.BaseEventLoop.getaddrinfo", look)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "192.168.1.1", "::1", "::ffff:10.0.0.1"]
)
def test_no_name_leads_inside_our_walls(fake: FakeModel, address: str) -> None:
    with _answering(address):
        failed = trouble(fake, base_url="https://models.example.com/v1", private=False)
    assert failed.trouble == Trouble.ADDRESS
    assert fake.asked == []


def test_a_key_never_leaves_the_house_without_encryption(fake: FakeModel) -> None:
    with _answering("93.184.216.34"):
        failed = trouble(fake, base_url="http://models.example.com/v1", private=True)
    assert failed.trouble == Trouble.ADDRESS


def test_the_address_that_was_checked_is_the_one_that_is_called(fake: FakeModel) -> None:
    """A name that stands for something else at the second look-up gains nothing by it."""
    looked: list[str] = []

    async def look(_self: object, host: str, port: int, **_more: object) -> list[object]:
        looked.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    port = fake.server.server_port
    with mock.patch("asyncio.base_events.BaseEventLoop.getaddrinfo", look):
        answered = ask(
            endpoint(fake, base_url=f"http://models.example.com:{port}/v1"), MESSAGES, seconds=10
        )
    assert answered is not None
    assert looked.count("models.example.com") == 1
    assert fake.headers[0]["Host"] == f"models.example.com:{port}"


def test_a_name_that_nobody_knows(fake: FakeModel) -> None:
    with mock.patch(
        "asyncio.base_events.BaseEventLoop.getaddrinfo", side_effect=socket.gaierror("no")
    ):
        assert trouble(fake, base_url="https://nowhere.invalid/v1").trouble == Trouble.NAME


def test_the_body_is_one_json_document(fake: FakeModel) -> None:
    ask(endpoint(fake), [{"role": "user", "content": "ñ \u2028 \x01"}], seconds=10)
    assert json.loads(json.dumps(fake.asked[0]))["messages"][0]["content"] == "ñ \u2028 \x01"
