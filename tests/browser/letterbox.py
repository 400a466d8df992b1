"""A mail server for a test: takes what is handed over, over a real connection."""

from __future__ import annotations

import email
import socketserver
import threading
from email.message import Message


class _Talk(socketserver.StreamRequestHandler):
    server: Letterbox

    def handle(self) -> None:
        self._say("220 letterbox.test")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                self.server.letters.append(email.message_from_bytes(self._read()))
                self._say("250 kept")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _read(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Letterbox(socketserver.ThreadingTCPServer):
    """Keeps every letter; `url` is where the desk hands them over."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.letters: list[Message] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Take no more."""
        self.shutdown()
        self.server_close()
