# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API server in memory behind a real address, for playbooks that are killed and run again."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+/[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?"
)


@contextmanager
def serving(api: FakeApi) -> Iterator[str]:
    """The address of the API server, for as long as the block runs."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            with lock:
                status, answer = _ask(api, self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def kubeconfig(path: Path, address: str) -> Path:
    """The kubeconfig that leads there."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": address}}],
        "users": [{"name": "me", "user": {"token": "none"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
        "current-context": "it",
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _ask(api: FakeApi, verb: str, address: str, body: Any) -> tuple[int, Any]:
    split = urlsplit(address)
    if split.path == "/version":
        return 200, api.version()
    found = _PATH.fullmatch(split.path)
    kind = _kind(found) if found else None
    if found is None or kind is None:
        return 404, _status(404, f"{address} is not known here")
    selector = parse_qs(split.query).get("labelSelector", [""])[0]
    try:
        return 200, _serve(api, verb, kind, found, (body, selector))
    except ApiError as error:
        return error.status, _status(error.status, error.message)


def _serve(
    api: FakeApi, verb: str, kind: Kind, found: re.Match[str], given: tuple[Any, str]
) -> Any:
    name, namespace = found["name"], found["namespace"]
    body, selector = given
    match verb:
        case "GET" if name is None:
            return {"items": api.list(kind, namespace, label_selector=selector), "metadata": {}}
        case "GET":
            item = api.get(kind, name, namespace)
            if item is None:
                raise ApiError(f"{name} not found", status=404)
            return item
        case "POST":
            return api.create(kind, body, namespace)
        case "PUT":
            return api.replace(kind, body)
        case "PATCH":
            return api.patch(kind, name, body, namespace)
        case "DELETE":
            api.delete(kind, name, namespace)
            return {"kind": "Status", "status": "Success"}
        case _:
            raise ApiError(f"{verb} is not known here", status=405)


def _kind(found: re.Match[str]) -> Kind | None:
    version = found["core"] or found["group"]
    return next(
        (
            each
            for each in _kinds.ALL
            if (each.api_version, each.plural) == (version, found["plural"])
        ),
        None,
    )


def _status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "code": code, "message": message, "reason": ""}
