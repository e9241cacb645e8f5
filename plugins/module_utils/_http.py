# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""HTTP to one API server: TLS, kept-alive connections, retries, and errors in words."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _refusal,
    _tls,
    _web_proxy,
    _wire,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import Connection

try:
    import urllib3
    from urllib3.exceptions import HTTPError
except ImportError as import_error:
    URLLIB3_ERROR: ImportError | None = import_error
else:
    URLLIB3_ERROR = None

# Ten milliseconds away the half of them takes longer; more gain nothing, and cost the API server.
CONNECTIONS = 32
_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 60.0
# An API server that restarts is away for some seconds; these add up to about half a minute.
_RETRIES = 8
_BUSY = frozenset({429, 500, 502, 503, 504})


class Http:
    """Requests with the login of one connection; threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        if not connection.verify:
            # Asked for by the user; a warning for each request would hide the module's result.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.tls = _tls.context_of(connection)
        self._sender, self._before_path = _sender(connection, self.tls)
        self._timeout = urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=_READ_TIMEOUT)
        self._retries = {True: _retry(_BUSY), False: _retry(_BUSY - {429}, heed=False)}
        self._authorization = connection.authorization()

    def headers(self, **more: str) -> list[tuple[str, str]]:
        """The headers of every request, as pairs because some stand more than once."""
        login = [("Authorization", self._authorization)] if self._authorization else []
        return [*login, *self.connection.headers, *((k, v) for k, v in more.items())]

    def json(
        self, method: str, path: str, *, schema: _wire.Schema | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """The decoded body of the answer; with a schema that of a list, with its fields only."""
        if schema is not None:
            body = self.request(method, path, accept=_wire.ACCEPT, **arguments).data
            return _wire.decode_list(body, schema)
        answer: dict[str, Any] = json.loads(self.request(method, path, **arguments).data)
        return answer

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        **settings: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Send it, again while the server is busy or away; ApiError for any other refusal.

        With `seconds` it is sent once only, and that is the time for the answer.
        """
        url = self._before_path + path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        kinds = {"Accept": accept, **({} if body is None else {"Content-Type": content_type})}
        for fresh_login in (False, True):
            if fresh_login:
                self._authorization = self.connection.authorization()
            response = self._send(method, url, data, kinds, **settings)
            if response.status != 401:
                break
        if response.status >= 400:
            raise _error(method, path, response)
        return response

    def _send(
        self,
        method: str,
        url: str,
        data: bytes | None,
        kinds: Mapping[str, str],
        *,
        stream: bool = False,
        **patience: Any,
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._sender.request(
                method,
                url,
                body=data,
                headers=urllib3.HTTPHeaderDict(self.headers(**kinds)),
                preload_content=not stream,
                redirect=False,
                **self._patience(**patience),
            )
        except HTTPError as error:
            raise ApiError(
                f"The API server {self.connection.server} cannot be reached: {_cause(error)} "
                "Look at the address in the kubeconfig, the network and the API server itself.",
                status=0,
                reason="Unreachable",
            ) from error

    def _patience(self, *, retry_429: bool = True, seconds: float | None = None) -> dict[str, Any]:
        """How long to wait for an answer, and what to try again."""
        if seconds is None:
            return {"timeout": self._timeout, "retries": self._retries[retry_429]}
        once = urllib3.Retry(total=0, raise_on_status=False)
        return {"timeout": urllib3.Timeout(total=seconds), "retries": once}

    def events(self, path: str, query: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of a watch; it ends quietly when the connection does."""
        response = self.request("GET", path, query=query, stream=True)
        rest = b""
        try:
            for piece in response.stream(65536, decode_content=True):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    yield event["type"], event["object"]
        except HTTPError:
            # The caller watches again from the last version that it saw.
            return
        finally:
            response.close()
            response.release_conn()


def _retry(statuses: frozenset[int], *, heed: bool = True) -> urllib3.Retry:
    """Of these statuses; of 413, 429 and 503 too where the server's Retry-After is heeded."""
    return urllib3.Retry(
        total=_RETRIES,
        redirect=False,
        allowed_methods=None,
        status_forcelist=statuses,
        backoff_factor=0.2,
        backoff_max=8,
        backoff_jitter=0.1,
        respect_retry_after_header=heed,
        raise_on_status=False,
    )


def _error(method: str, path: str, response: urllib3.BaseHTTPResponse) -> ApiError:
    try:
        status = json.loads(response.data)
    except ValueError:
        status = {}
    said = status.get("message") or response.data.decode(errors="replace")[:300] or "no reason"
    return ApiError(
        f"The API server refused {method} {path} with {response.status}: {said}."
        f"{_hint(response.status, said)}",
        status=response.status,
        reason=status.get("reason", ""),
    )


def _hint(status: int, said: str) -> str:
    if status == 401:
        return " The login has expired or is wrong: renew it, or give another with kubeconfig."
    if status == 403 and _refusal.is_about_rights(said):
        return " Grant this right to the account that runs the module."
    return ""


def _cause(error: HTTPError) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rstrip(".") + "."


def _sender(
    connection: Connection, tls: ssl.SSLContext
) -> tuple[urllib3.PoolManager | urllib3.HTTPConnectionPool, str]:
    """What sends requests, and what stands before each path.

    A manager looks at every URL anew to find the pool of its host, which takes as long as all the
    rest of a request; there is one host, but a proxy makes more of it than that.
    """
    settings: dict[str, Any] = {
        # A watch holds its connection for as long as it goes on: no request may wait for one.
        "maxsize": 4 * CONNECTIONS,
        "block": False,
        "ssl_context": tls,
        "server_hostname": connection.server_name,
        "assert_hostname": connection.server_name if connection.verify else False,
        "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    }
    if connection.proxy:
        headers = dict(connection.proxy_headers)
        login = _web_proxy.login(connection.proxy, headers)
        if login is not None:
            headers |= urllib3.make_headers(proxy_basic_auth=":".join(login))
        proxies = urllib3.ProxyManager(connection.proxy, proxy_headers=headers, **settings)
        return proxies, connection.server
    pool = urllib3.PoolManager(**settings).connection_from_url(connection.server)
    return pool, urlsplit(connection.server).path
