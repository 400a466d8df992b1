"""Calls for one account on its server."""

from __future__ import annotations

from collections.abc import Mapping

from levelhead.connectors.transport import JsonObject, Params, Transport, Upload
from levelhead.kernel.errors import ChannelGarbled, ChannelRefused, ChannelSignedOut

_UNAUTHORIZED = 401


class MastodonClient:
    """Speaks for the account whose access token it has.

    Once the server has refused the token it is not asked again: a person must connect it anew.
    """

    def __init__(self, transport: Transport, *, access_token: str) -> None:
        self._transport = transport
        self._token = access_token
        self._signed_out: ChannelSignedOut | None = None
        self._me: tuple[str, str] | None = None

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    @property
    def account_id(self) -> str:
        """The account's id on its server. Raises ChannelError."""
        return self._account()[0]

    @property
    def handle(self) -> str:
        """The account's name on its server. Raises ChannelError."""
        return self._account()[1]

    def _account(self) -> tuple[str, str]:
        if self._me is None:
            try:
                answer = self.get("api/v1/accounts/verify_credentials")
            except ChannelSignedOut:
                raise
            except ChannelRefused as error:
                # Servers have several numbers for a token that they do not know.
                raise self._sign_out(error) from error
            account_id, name = answer.get("id"), answer.get("acct")
            if not (isinstance(account_id, str) and account_id and isinstance(name, str) and name):
                raise ChannelGarbled("Mastodon's answer to the sign-in is not an account.")
            self._me = (account_id, name)
        return self._me

    def get(self, path: str, params: Params | None = None) -> JsonObject:
        """Read an object. Raises ChannelBusy, ChannelGarbled, ChannelRefused."""
        self._check_signed_in()
        try:
            return self._transport.request("GET", path, params=params, token=self._token)
        except ChannelRefused as error:
            raise self._refusal(error) from error

    def list(self, path: str, params: Params | None = None) -> list[object]:
        """Read a list. Raises ChannelBusy, ChannelGarbled, ChannelRefused."""
        self._check_signed_in()
        try:
            return self._transport.request_list(path, params=params, token=self._token)
        except ChannelRefused as error:
            raise self._refusal(error) from error

    def post(self, path: str, body: JsonObject, headers: Mapping[str, str]) -> JsonObject:
        """Change something there. Raises SendUnclear besides what `get` raises."""
        self._check_signed_in()
        try:
            return self._transport.request(
                "POST", path, body=body, token=self._token, writes=True, headers=headers
            )
        except ChannelRefused as error:
            raise self._refusal(error) from error

    def upload(self, path: str, upload: Upload) -> JsonObject:
        """Give bytes for a post that is sent afterwards. Raises what `get` raises."""
        self._check_signed_in()
        try:
            return self._transport.upload(path, upload, token=self._token)
        except ChannelRefused as error:
            raise self._refusal(error) from error

    def _check_signed_in(self) -> None:
        if self._signed_out is not None:
            # A new one: an exception that is raised again collects the old tracebacks.
            raise ChannelSignedOut(self._signed_out.message, **self._signed_out.data)

    def _refusal(self, error: ChannelRefused) -> ChannelRefused:
        return self._sign_out(error) if error.data.get("status") == _UNAUTHORIZED else error

    def _sign_out(self, error: ChannelRefused) -> ChannelSignedOut:
        self._signed_out = ChannelSignedOut(
            f"Mastodon does not accept the account's access token ({error.message}). Nothing is "
            "lost; make a new token and connect the account again.",
            **error.data,
        )
        return self._signed_out
