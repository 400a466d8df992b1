"""The account's session on its server: signs in, renews, and speaks for it."""

from __future__ import annotations

from collections.abc import Callable

from levelhead.connectors.bluesky.transport import JsonObject, Params, Transport, Upload
from levelhead.kernel.errors import ChannelGarbled, ChannelRefused, ChannelSignedOut

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_STALE_TOKEN = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing"})


class BlueskyClient:
    """Calls for one account. Tokens live in memory only.

    Once the platform has refused the account's key, it is not asked again: too many attempts
    would lock the account, and a person must connect it again anyway.
    """

    def __init__(self, transport: Transport, *, handle: str, app_password: str) -> None:
        self._transport = transport
        self._handle = handle
        self._app_password = app_password
        self._access: str | None = None
        self._refresh: str | None = None
        self._did = ""
        self._signed_out: ChannelSignedOut | None = None

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    @property
    def did(self) -> str:
        """The account's permanent identifier. Raises ChannelError where it must sign in first."""
        self._ensure_signed_in()
        return self._did

    @property
    def handle(self) -> str:
        """The account's handle as the platform has it."""
        self._ensure_signed_in()
        return self._handle

    def query(self, nsid: str, params: Params) -> JsonObject:
        """Read. Raises ChannelBusy, ChannelGarbled, ChannelRefused."""
        return self._call("GET", nsid, params=params)

    def write(self, nsid: str, body: JsonObject) -> JsonObject:
        """Change something on the platform. Raises SendUnclear besides what `query` raises."""
        return self._call("POST", nsid, body=body, writes=True)

    def upload(self, nsid: str, upload: Upload) -> JsonObject:
        """Give bytes for a record that is written afterwards. Raises what `query` raises."""
        return self._with_token(lambda token: self._transport.upload(nsid, upload, token=token))

    def _call(
        self,
        method: str,
        nsid: str,
        *,
        params: Params | None = None,
        body: JsonObject | None = None,
        writes: bool = False,
    ) -> JsonObject:
        return self._with_token(
            lambda token: self._transport.request(
                method, nsid, params=params, body=body, token=token, writes=writes
            )
        )

    def _with_token(self, ask: Callable[[str], JsonObject]) -> JsonObject:
        token = self._ensure_signed_in()
        try:
            return ask(token)
        except ChannelRefused as error:
            if not _is_about_the_token(error):
                raise
        # The request was refused before it was looked at: asking again cannot do it twice.
        token = self._renew()
        try:
            return ask(token)
        except ChannelRefused as error:
            if not _is_about_the_token(error):
                raise
            raise self._sign_out(error) from error

    def _ensure_signed_in(self) -> str:
        if self._signed_out is not None:
            # A new one: an exception that is raised again collects the old tracebacks.
            raise ChannelSignedOut(self._signed_out.message, **self._signed_out.data)
        return self._access or self._sign_in()

    def _renew(self) -> str:
        """A new access token from the refresh token, else from the app password."""
        token, self._access, self._refresh = self._refresh, None, None
        if token is not None:
            try:
                return self._keep(
                    self._transport.request(
                        "POST", "com.atproto.server.refreshSession", token=token
                    )
                )
            except ChannelRefused:
                pass  # it has ended too, or was revoked: the app password decides
        return self._sign_in()

    def _sign_in(self) -> str:
        try:
            return self._keep(
                self._transport.request(
                    "POST",
                    "com.atproto.server.createSession",
                    body={"identifier": self._handle, "password": self._app_password},
                )
            )
        except ChannelRefused as error:
            if error.data.get("status") in (_UNAUTHORIZED, _FORBIDDEN):
                raise self._sign_out(error) from error
            raise

    def _sign_out(self, error: ChannelRefused) -> ChannelSignedOut:
        self._access = self._refresh = None
        self._signed_out = ChannelSignedOut(
            f"Bluesky does not accept the app password of {self._handle} ({error.message}). "
            "Nothing is lost; make a new app password and connect the account again.",
            **error.data,
        )
        return self._signed_out

    def _keep(self, session: JsonObject) -> str:
        access, refresh = session.get("accessJwt"), session.get("refreshJwt")
        did, handle = session.get("did"), session.get("handle")
        if not (
            isinstance(access, str)
            and access.isascii()
            and isinstance(refresh, str)
            and refresh.isascii()
            and isinstance(did, str)
            and did.startswith("did:")
        ):
            raise ChannelGarbled("Bluesky's answer to the sign-in is not a session.")
        if self._did and did != self._did:
            raise ChannelGarbled("Bluesky's session is suddenly one of another account.")
        self._access, self._refresh, self._did = access, refresh, did
        # "handle.invalid" is the platform's word for a handle that it cannot prove just now.
        if isinstance(handle, str) and handle and handle != "handle.invalid":
            self._handle = handle
        return access


def _is_about_the_token(error: ChannelRefused) -> bool:
    return error.data.get("status") == _UNAUTHORIZED or error.data.get("error") in _STALE_TOKEN
