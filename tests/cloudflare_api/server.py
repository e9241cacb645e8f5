# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server: tokens, the envelope, pages, errors, limits, and troubles that tests ask for."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .zone import InvalidError, Zone, is_id

_BALANCERS = re.compile(r"/zones/(?P<zone>[^/]+)/load_balancers(/(?P<balancer>[^/]+))?")
_ZONE = re.compile(r"/zones/(?P<zone>[^/]+)")
_POOLS = re.compile(r"/accounts/(?P<account>[^/]+)/load_balancers/pools(/(?P<pool>[^/]+)/health)?")


class Right(StrEnum):
    """What a token may do."""

    ZONE_READ = "Zone Read"
    BALANCERS_READ = "Load Balancers Read"
    BALANCERS_WRITE = "Load Balancers Write"
    POOLS_READ = "Load Balancing: Monitors and Pools Read"


class Drop(StrEnum):
    """When the connection breaks: the request is carried out or not, the answer never comes."""

    BEFORE = "before"
    AFTER = "after"


@dataclass
class Trouble:
    """What happens to the next request of a method: a status in place of an answer, or a break."""

    method: str
    status: int = 0
    drop: Drop | None = None
    headers: dict[str, str] = field(default_factory=dict)
    then: Callable[[Zone], None] = lambda _zone: None
    """Done before the client hears of it."""


@dataclass
class Asked:
    """One request, as it came in; `wrote` says whether it changed something."""

    method: str
    path: str
    query: dict[str, str]
    body: str
    status: int = 0
    wrote: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class CloudflareApi:
    """The API with one zone."""

    zone: Zone
    tokens: dict[str, set[Right]]
    url: str = ""
    largest_page: int = 100
    """A page never has more, whatever is asked for."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every answer."""
    asked: list[Asked] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def writes(self) -> list[Asked]:
        return [each for each in self.asked if each.wrote]

    def trouble(self, method: str) -> Trouble | None:
        """The first that waits for this method, once."""
        for each in self.troubles:
            if each.method == method:
                self.troubles.remove(each)
                return each
        return None


class ApiRefusal(Exception):  # noqa: N818 - not an error of the server
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: CloudflareApi

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = Asked(self.command, parts.path, query, body)
        self.api.asked.append(asked)
        trouble = self.api.trouble(self.command)
        if trouble and trouble.drop is not Drop.AFTER:
            trouble.then(self.api.zone)
            self._fail(asked, trouble)
            return
        try:
            result, info = self._carry_out(asked)
            answer = _envelope(result=result, info=info)
            asked.status = 200
        except ApiRefusal as refusal:
            answer = _envelope(errors=[{"code": refusal.code, "message": str(refusal)}])
            asked.status = refusal.status
        if trouble:
            trouble.then(self.api.zone)
            self._break()
            return
        self._send(asked.status, answer, self.api.headers)

    def _fail(self, asked: Asked, trouble: Trouble) -> None:
        if trouble.drop:
            self._break()
            return
        asked.status = trouble.status
        if trouble.status == 429:
            answer = _envelope(
                errors=[{"code": 971, "message": "Please wait and consider throttling"}]
            )
        else:
            answer = "<html><h1>Error</h1></html>"
        self._send(trouble.status, answer, trouble.headers)

    def _break(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _carry_out(self, asked: Asked) -> tuple[Any, Any]:
        rights = self._rights()
        if found := _BALANCERS.fullmatch(asked.path):
            self._find_zone(found["zone"])
            return self._balancers(asked, rights, found["balancer"])
        if found := _ZONE.fullmatch(asked.path):
            self._find_zone(found["zone"])
            _demand(rights, Right.ZONE_READ)
            return {"id": self.api.zone.id, "account": {"id": self.api.zone.account}}, None
        if found := _POOLS.fullmatch(asked.path):
            if found["account"] != self.api.zone.account:
                raise ApiRefusal(403, 9109, "Unauthorized to access requested resource")
            _demand(rights, Right.POOLS_READ)
            return self._pools(asked, found["pool"])
        raise ApiRefusal(400, 7000, "No route for that URI")

    def _rights(self) -> set[Right]:
        kind, _space, token = self.headers.get("Authorization", "").partition(" ")
        if not token:
            raise ApiRefusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if " " in token:
            raise ApiRefusal(400, 6003, "Invalid request headers")
        if kind != "Bearer" or token not in self.api.tokens:
            raise ApiRefusal(403, 9109, "Invalid access token")
        return self.api.tokens[token]

    def _find_zone(self, zone: str) -> None:
        if not is_id(zone):
            said = f"Could not route to /zones/{zone}, perhaps your object identifier is invalid?"
            raise ApiRefusal(404, 7003, said)
        if zone != self.api.zone.id:
            raise ApiRefusal(403, 10000, "Authentication error")

    def _balancers(self, asked: Asked, rights: set[Right], wanted: str | None) -> tuple[Any, Any]:
        zone = self.api.zone
        if asked.method == "GET":
            _demand(rights, Right.BALANCERS_READ, Right.BALANCERS_WRITE)
        else:
            _demand(rights, Right.BALANCERS_WRITE)
        if wanted is None:
            return self._page(asked, zone.balancers)
        balancer = next((each for each in zone.balancers if each["id"] == wanted), None)
        if balancer is None:
            raise ApiRefusal(404, 1001, f"load balancer {wanted}: object does not exist")
        if asked.method == "PATCH":
            try:
                zone.patch(balancer, json.loads(asked.body))
            except ValueError:
                raise ApiRefusal(400, 1002, "could not decode JSON: validation failed") from None
            except InvalidError as error:
                raise ApiRefusal(400, 1002, str(error)) from None
            asked.wrote = True
        return balancer, None

    def _pools(self, asked: Asked, wanted: str | None) -> tuple[Any, Any]:
        if wanted is None:
            return self._page(asked, sorted(self.api.zone.pools, key=lambda pool: pool["name"]))
        if wanted not in self.api.zone.health:
            raise ApiRefusal(400, 1002, "Health info unavailable: validation failed")
        return {"pool_id": wanted, "pop_health": self.api.zone.health[wanted]}, None

    def _page(self, asked: Asked, items: list[Any]) -> tuple[Any, Any]:
        size = min(int(asked.query.get("per_page", 25)), self.api.largest_page)
        page = int(asked.query.get("page", 1))
        shown = items[(page - 1) * size : page * size]
        info = {"page": page, "per_page": size, "count": len(shown), "total_count": len(items)}
        return shown, {**info, "total_pages": -(-len(items) // size)}

    def log_message(self, *_arguments: object) -> None:
        """Be quiet: the test looks at `asked`."""

    # The names that http.server looks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815


@contextmanager
def serving(api: CloudflareApi) -> Iterator[CloudflareApi]:
    """The API for the time of a test, at its `url`."""
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _envelope(*, result: Any = None, errors: Any = (), info: Any = None) -> dict[str, Any]:
    answer = {"success": not errors, "errors": list(errors), "messages": [], "result": result}
    return {**answer, **({"result_info": info} if info else {})}


def _demand(rights: set[Right], *any_of: Right) -> None:
    if not rights.intersection(any_of):
        raise ApiRefusal(403, 10000, "Authentication error")
