# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""HTTP to a port inside a pod, through the API server's port-forward.

istiod and Envoy answer their debug requests only to a caller inside the pod; a port-forward is
one, and starts no process there as an exec does.
"""

from __future__ import annotations

import http.client
import io
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible_collections.meshwright.istio.plugins.module_utils import _web_proxy
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._http import Http
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import Connection

try:
    import websocket
except ImportError as import_error:
    WEBSOCKET_ERROR: ImportError | None = import_error
else:
    WEBSOCKET_ERROR = None

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_HEADERS = "Host: localhost\r\nContent-Length: 0\r\n"
# As much of an error's body as is worth to show.
_SHOWN = 2000


@contextmanager
def connect(
    http_client: Http, forward_path: str, *, port: int, timeout: float = 30.0
) -> Iterator[PodPort]:
    """That port of the pod, to be asked as long as the connection is held."""
    require()
    try:
        connection = _open(http_client, f"{forward_path}?{urlencode({'ports': port})}", timeout)
    except (OSError, websocket.WebSocketException) as error:
        raise _failure(forward_path, port, error, getattr(error, "status_code", 0)) from error
    try:
        yield PodPort(connection, forward_path, port)
    finally:
        connection.close(timeout=0)


def require() -> None:
    """Refuse to go on where no pod can be reached."""
    if WEBSOCKET_ERROR is not None:
        raise MeshError(
            "The Python package websocket-client is needed to reach into pods. "
            "Install it for the interpreter that runs the module: pip install websocket-client."
        ) from WEBSOCKET_ERROR


class PodPort:
    """A connection to a port of a pod. See `_api.PodPort`."""

    def __init__(self, connection: Any, forward_path: str, port: int) -> None:
        self._connection = connection
        self._forward_path = forward_path
        self._port = port
        self._answers = _Answers(_Frames(connection), buffer_size=1 << 18)

    @contextmanager
    def open(self, path: str, method: str = "GET") -> Iterator[io.BufferedIOBase]:
        try:
            request = f"{method} {path} HTTP/1.1\r\n{_HEADERS}\r\n"
            self._connection.send_binary(bytes([_DATA]) + request.encode())
            with http.client.HTTPResponse(self) as response:  # type: ignore[arg-type]
                response.begin()
                if response.status >= 400:
                    raise ApiError(
                        f"{method} {path} on port {self._port} of {_pod(self._forward_path)} was "
                        f"answered {response.status} {response.reason}.",
                        status=response.status,
                        reason=response.reason,
                        body=response.read()[:_SHOWN].decode(errors="replace"),
                    )
                yield response
        except (OSError, http.client.HTTPException, websocket.WebSocketException) as error:
            raise _failure(self._forward_path, self._port, error, 0) from error

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As much of a socket as http.client asks for."""
        return self._answers


def _open(http_client: Http, path: str, timeout: float) -> Any:
    connection = http_client.connection
    tls: dict[str, Any] = {"context": http_client.tls}
    if connection.server_name:
        tls["server_hostname"] = connection.server_name
    return websocket.create_connection(
        "ws" + connection.server.removeprefix("http") + path,
        timeout=timeout,
        header=[f"{name}: {value}" for name, value in http_client.headers()],
        subprotocols=[_PROTOCOL],
        sslopt=tls,
        # Without it the request waits 40 ms for an acknowledgement that is waiting for it.
        sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        skip_utf8_validation=True,
        suppress_origin=True,
        **_proxy(connection),
    )


def _proxy(connection: Connection) -> dict[str, Any]:
    """The proxy that all other requests go through; the library has rules of its own for one."""
    if not connection.proxy:
        # Without a proxy it takes that of the environment, whatever it is told to spare.
        return {"http_proxy_host": "none.invalid", "http_proxy_port": 80, "http_no_proxy": ["*"]}
    parts = urlsplit(connection.proxy)
    if parts.scheme != "http":
        raise BadInputError(
            f"The proxy {parts.hostname} cannot be used to reach into pods: websocket-client takes"
            " none with https. Give one with http:// before it."
        )
    return {
        "http_proxy_host": parts.hostname,
        "http_proxy_port": parts.port or 80,
        "http_proxy_auth": _web_proxy.login(connection.proxy, connection.proxy_headers),
        # Without an entry it takes NO_PROXY, and this one is nobody's.
        "http_no_proxy": ["none.invalid"],
    }


class _Frames(io.RawIOBase):
    """The bytes of the data channel, as a file."""

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self._connection = connection
        self._rest = memoryview(b"")
        # The first frame of each channel repeats the port's number.
        self._unopened = {_DATA, _ERROR}

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            frame = self._connection.recv()
            if not frame:
                return 0
            self._take(frame[0], memoryview(frame)[1:])
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _take(self, channel: int, payload: memoryview) -> None:
        if channel in self._unopened:
            self._unopened.discard(channel)
            struct.unpack("<H", payload[:2])
            payload = payload[2:]
        if channel == _ERROR and payload:
            raise OSError(bytes(payload).decode(errors="replace"))
        if channel == _DATA:
            self._rest = payload


class _Answers(io.BufferedReader):
    """What is read from, answer by answer."""

    def close(self) -> None:
        """Stay open: http.client closes what it has read one answer from."""


def _pod(forward_path: str) -> str:
    namespace, _pods, pod = forward_path.split("/")[-4:-1]
    return f"pod {namespace}/{pod}"


def _failure(forward_path: str, port: int, error: Exception, status: int) -> ApiError:
    reasons = {
        403: "it refuses. Grant get and create on pods/portforward to the account of the module",
        404: "there is no such pod any more",
    }
    # The library's message of a refused handshake is a dump of all its headers.
    reason = reasons.get(status, f"it answers {status}" if status else str(error).rstrip(". "))
    return ApiError(
        f"Port {port} of {_pod(forward_path)} cannot be reached through the API server: {reason}.",
        status=status,
        reason="PortForward",
    )
