"""One request to another program: to the address that was checked, bounded, without detours."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx

from levelhead.kernel.errors import ChannelError, ChannelRefused
from levelhead.webhooks.domain import choose_address

SECONDS = 10.0
# Of an answer that says no, so much is kept to be shown.
ANSWER_LIMIT = 200


def post(url: str, *, body: bytes, headers: dict[str, str], private: bool) -> None:
    """POST `body`. Returns on a 2xx answer; raises ChannelError with the reason otherwise.

    The name is looked up once, and the connection goes to the very address that was found to lie
    outside our own network (or may lie inside with `private`). Redirects are not followed.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ChannelError(f"The name {host} cannot be looked up.") from error
    address = choose_address([str(one[4][0]) for one in found], private=private)
    if address is None:
        raise ChannelRefused(
            f"{host} lies inside a private network, where webhooks are not sent. Give an address "
            "on the internet, or set LEVELHEAD_WEBHOOKS_PRIVATE=true if the network is yours."
        )
    bracketed = f"[{address}]" if ":" in address else address
    target = httpx.URL(url).copy_with(host=bracketed.strip("[]"))
    try:
        # trust_env: a proxy from the environment would look the name up again.
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                target,
                content=body,
                headers={**headers, "Host": parts.netloc},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            if answer.is_success:
                return
            said = _beginning(answer)
    except httpx.HTTPError as error:
        raise ChannelError(f"{host} could not be reached: {type(error).__name__}.") from error
    raise ChannelError(f"{host} answered {answer.status_code}: {said}".rstrip(": "))


def _beginning(answer: httpx.Response) -> str:
    said = b""
    for part in answer.iter_raw(chunk_size=ANSWER_LIMIT):
        said += part
        if len(said) >= ANSWER_LIMIT:
            break
    return " ".join(said[:ANSWER_LIMIT].decode("utf-8", "replace").split())
