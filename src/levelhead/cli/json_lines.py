"""JSON Lines as the commands read and write them: lines, objects with an id, faults."""

from __future__ import annotations

import gc
import json
import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import click

from levelhead.kernel.errors import Invalid, LevelheadError

# Exit status of a command that met lines it could not read, and did the others.
MALFORMED_STATUS: Final = 3
MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_READ_BYTES: Final = 1024 * 1024
# Linux gives a pipe 64 KiB, which is fewer posts than a batch.
_PIPE_BYTES: Final = 1024 * 1024
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Where the id of a line that cannot be read is looked for.
_ID_AT_START: Final = re.compile(
    r'\s*\{\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,500}"|-?\d{1,18}(?=[\s,}]))'
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot be read or answered; `id` is None where the line has none to give."""

    id: object
    error: str


def describe_fault(fault: Fault) -> str:
    """The answer to a line that has none."""
    return f'{{"id":{encode(fault.id)},"error":{encode(fault.error)}}}'


def answer_input(
    run: Callable[[int, Callable[[bytes], None]], None], name_faults: Callable[[], str]
) -> None:
    """Let `run` read standard input's descriptor and write each answer out at once.

    Ends the command with MALFORMED_STATUS where `name_faults` then has something to say, and with
    1 where nobody reads the answers any more.
    """
    if sys.stdin is None or sys.stdout is None:
        raise Invalid("Standard input and output must both be open.")
    output = sys.stdout.buffer
    # Models and rules stay until the end: looking them through again and again for what could be
    # thrown away costs a fifth of the pace, and now and then a post some milliseconds.
    gc.freeze()

    def write(data: bytes) -> None:
        output.write(data)
        output.flush()

    try:
        run(sys.stdin.fileno(), write)
    except BrokenPipeError:
        # The reader has had enough. What is still in the buffer has nowhere to go.
        _give_up(output.fileno())
        sys.exit(1)
    except OSError as error:
        _give_up(output.fileno())
        raise LevelheadError(f"Standard input or output failed: {error.strerror}.") from error
    if said := name_faults():
        click.echo(f"levelhead: {said}", err=True)
        sys.exit(MALFORMED_STATUS)


def _give_up(descriptor: int) -> None:
    """Let what is still in the buffer go nowhere, so that the end of the program is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def count_faults(faults: int) -> str:
    """What to say at the end about lines that have their error in place; nothing for none."""
    if not faults:
        return ""
    lines = "line" if faults == 1 else "lines"
    return f"{faults} {lines} could not be read; each has its error in place."


def more_waits(descriptor: int) -> bool:
    """Whether `descriptor` has something to read, or has ended; false where that is not known."""
    try:
        return bool(select.select([descriptor], [], [], 0)[0])
    except (OSError, ValueError):
        return False


def read_batches(descriptor: int) -> Iterator[list[bytes]]:
    """What lines are there now, again and again until the end, without their line ends.

    A line that is piped in alone comes alone, at once. Of a line longer than MAX_LINE_BYTES only
    its beginning is kept, one byte over the limit.
    """
    with suppress(ImportError, OSError, AttributeError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    rest = bytearray()
    while chunk := _read_available(descriptor):
        end = chunk.rfind(b"\n")
        if end < 0:
            rest += chunk[: MAX_LINE_BYTES + 1 - len(rest)]
            continue
        first = chunk.find(b"\n")
        rest += chunk[: min(first, MAX_LINE_BYTES + 1 - len(rest))]
        lines = [bytes(rest)]
        if end > first:
            lines += chunk[first + 1 : end].split(b"\n")
        rest = bytearray(chunk[end + 1 :])
        yield lines
    if rest:
        yield [bytes(rest)]


def _read_available(descriptor: int) -> bytes:
    """Wait for something, then take what is there, up to about a mebibyte; empty at the end."""
    chunk = os.read(descriptor, _READ_BYTES)
    if not chunk or len(chunk) >= _READ_BYTES:
        return chunk
    parts, size = [chunk], len(chunk)
    while size < _READ_BYTES and more_waits(descriptor):
        chunk = os.read(descriptor, _READ_BYTES - size)
        if not chunk:
            break
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


def read_object(line: bytes) -> dict[str, Any] | Fault:
    """The JSON object that a line holds, with an id that can be given back; or what is wrong."""
    if len(line) > MAX_LINE_BYTES:
        return Fault(_guess_id(line), f"The line is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        given = decode(line.removeprefix(BYTE_ORDER_MARK).decode())
    except UnicodeDecodeError as error:
        return Fault(_guess_id(line), f"Byte {error.start + 1} of the line is not UTF-8.")
    except Invalid as error:
        return Fault(_guess_id(line), error.message)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        return Fault(_guess_id(line), f"The line is not JSON: {what}.")
    if not isinstance(given, dict):
        return Fault(None, "The line is not a JSON object.")
    if given.get("id") is None:
        return Fault(None, "The line has no id.")
    try:
        if type(given["id"]) is not str:
            encode(given["id"])
    except (ValueError, RecursionError):
        return Fault(None, "The id cannot be given back as JSON.")
    return given


def _refuse_constant(name: str) -> NoReturn:
    raise Invalid(f"The line is not JSON: {name} is not a number.")


_decoder: Final = json.JSONDecoder(parse_constant=_refuse_constant)
_encode_any: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_encode_str: Final = json.encoder.encode_basestring_ascii


def decode(text: str) -> Any:
    """The value of one JSON text.

    Raises Invalid for NaN and the infinities, ValueError and RecursionError for other faults.
    """
    return _decoder.decode(text)


def encode(value: object) -> str:
    """`value` as JSON without blanks.

    Raises ValueError for NaN and the infinities, RecursionError where it is nested too deep.
    """
    kind = type(value)
    if kind is str:
        return _encode_str(value)  # type: ignore[arg-type]
    # The general way takes ten times as long, and most ids are one of these two.
    return str(value) if kind is int else _encode_any(value)


def mend(text: str) -> str:
    """`text` without halves of surrogate pairs, which JSON can name but no text can hold."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _guess_id(line: bytes) -> object:
    """The id of a line that cannot be read, where it stands first and is whole; else None."""
    found = _ID_AT_START.match(line[:2_000].decode(errors="replace"))
    if found is None:
        return None
    try:
        guessed: object = json.loads(found[1])
    except ValueError:
        return None
    return guessed
