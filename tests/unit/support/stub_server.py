# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP server on loopback that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """One answer; `body` is sent as it is when it is bytes, else as JSON."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    frames: Sequence[bytes | None] | None = None
    """Binary WebSocket messages that are sent after the client's first one; None awaits another."""


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class StubServer:
    """Give it answers in order; the last one is repeated."""

    url: str
    answers: list[Answer]
    asked: list[Asked] = field(default_factory=list)

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: StubServer

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        headers = list(self.headers.items())
        self.stub.asked.append(Asked(self.command, self.path, headers, body))
        answer = self.stub.next_answer()
        if answer.frames is not None:
            self._speak(answer.frames)
            return
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _speak(self, frames: Sequence[bytes | None]) -> None:
        """As much of RFC 6455 as one exchange needs."""
        magic = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        key = self.headers["Sec-WebSocket-Key"].encode()
        digest = hashlib.sha1(key + magic, usedforsecurity=False).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"])
        self.end_headers()
        for frame in (None, *frames):
            if frame is None:
                self.wfile.flush()
                self.stub.asked.append(Asked("FRAME", "", [], self._receive()))
            else:
                self.wfile.write(b"\x82" + _length(len(frame)) + frame)
        self.wfile.write(b"\x88\x00")
        self.wfile.flush()
        self.close_connection = True

    def _receive(self) -> bytes:
        length = self.rfile.read(2)[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self.rfile.read(2))
        mask = self.rfile.read(4)
        data = self.rfile.read(length)
        return bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))

    def log_message(self, *_arguments: object) -> None:
        """Be quiet: the test looks at `asked`."""

    # The names that http.server looks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = _answer  # noqa: N815


@contextmanager
def serving(*answers: Answer) -> Iterator[StubServer]:
    """A server for the time of a test."""
    stub = StubServer(url="", answers=list(answers))
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _length(size: int) -> bytes:
    if size < 126:
        return bytes([size])
    return b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size)
