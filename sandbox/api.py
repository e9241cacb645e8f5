# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of a cluster as plain dicts: applied many at once, and waited for by a watch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from urllib3 import HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from sandbox import credentials
from sandbox.errors import SandboxError
from sandbox.network import Addresses
from sandbox.places import Places

MANAGER = "sandbox"
_CONNECTIONS = 16
# What others need before they can be applied.
_FIRST = ("Namespace", "CustomResourceDefinition")
# What passes when one waits: a kind or a webhook that is only just there, or too much at once.
_PASSING = (404, 409, 429, 500, 502, 503, 504)
_PATIENCE = 30.0
_WATCH = 20
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Object = dict[str, Any]


class ApiError(SandboxError):
    """The API server refused a request, or could not be asked (`status` 0)."""

    def __init__(self, what: str, status: int, reason: str) -> None:
        super().__init__(f"{what} failed: {reason}", "run `python -m sandbox status`")
        self.status = status


@dataclass(frozen=True, slots=True)
class Resource:
    """Where the API serves a kind."""

    prefix: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str) -> str:
        place = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{self.prefix}{place}/{self.plural}/{name}"


class Objects:
    """The objects of one cluster, seen with an administrator's rights."""

    def __init__(self, addresses: Addresses, places: Places) -> None:
        self._pool = HTTPSConnectionPool(
            addresses.node,
            credentials.PORT,
            maxsize=_CONNECTIONS,
            block=True,
            ca_certs=str(places.pki / "ca.crt"),
            cert_file=str(places.pki / "admin.crt"),
            key_file=str(places.pki / "admin.key"),
            timeout=Timeout(connect=5, read=60),
        )
        self._resources: dict[tuple[str, str], Resource] = {}

    def get(self, path: str) -> Object:
        """The object or list at a path; a path is what `kubectl get --raw` takes."""
        return self._decoded("GET", path)

    def metadata(self, path: str) -> list[Object]:
        """The objects in the list at a path, of each the metadata alone."""
        # Where there are none, it has no list of them either.
        return json.loads(self._send("GET", path, accept=_METADATA).data)["items"] or []

    def delete(self, path: str) -> None:
        """Delete an object, in the background; one that is not there is deleted already."""
        try:
            self._decoded("DELETE", path, {"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status != 404:
                raise

    def patch(
        self, path: str, body: Any, content_type: str = "application/merge-patch+json"
    ) -> Object:
        return self._decoded("PATCH", path, body, content_type)

    def create(self, path: str, document: Mapping[str, Any]) -> Object:
        """Make an object in the list at a path."""
        return self._decoded("POST", path, dict(document))

    def replace(self, path: str, document: Mapping[str, Any]) -> Object:
        """Put an object in the place of the one that is there, whatever its version."""
        return self._decoded("PUT", path, dict(document))

    def text(self, path: str) -> str:
        """What a path answers that serves no objects."""
        return self._send("GET", path).data.decode()

    def apply(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Server-side apply, many at once; what others lie in or are made of comes first."""
        objects = list(documents)
        first = [each for each in objects if each["kind"] in _FIRST]
        rest = [each for each in objects if each["kind"] not in _FIRST]
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for group in (first, rest):
                list(pool.map(self._apply, group))

    def wait(
        self, path: str, holds: Callable[[list[Object]], str], *, what: str, timeout: float = 300.0
    ) -> None:
        """Watch a list until `holds` says nothing; what it says is what is still missing."""
        end = time.monotonic() + timeout
        lacking = ""
        for objects in self._snapshots(path, end):
            lacking = holds(objects)
            if not lacking:
                return
        raise SandboxError(
            f"{what} was not ready after {timeout:.0f} s: {lacking}",
            "look at it with kubectl (see `python -m sandbox kubeconfig`), or run up again",
        )

    def path(self, document: Mapping[str, Any]) -> str:
        """The path of an object that is written as a manifest."""
        metadata = document["metadata"]
        resource = self._resource(document["apiVersion"], document["kind"])
        return resource.path(metadata.get("namespace"), metadata["name"])

    def _apply(self, document: Mapping[str, Any]) -> None:
        query = urlencode({"fieldManager": MANAGER, "force": "true"})
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                path = f"{self.path(document)}?{query}"
                self.patch(path, dict(document), "application/apply-patch+yaml")
            except ApiError as error:
                if error.status not in _PASSING or time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def _resource(self, api_version: str, kind: str) -> Resource:
        if (api_version, kind) not in self._resources:
            prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            for each in self.get(prefix)["resources"]:
                if "/" not in each["name"]:
                    found = Resource(prefix, each["name"], each["namespaced"])
                    self._resources[api_version, each["kind"]] = found
        try:
            return self._resources[api_version, kind]
        except KeyError:
            raise ApiError(f"finding {kind} of {api_version}", 404, "no such kind") from None

    def _snapshots(self, path: str, end: float) -> Iterator[list[Object]]:
        """The list as it is, then again after each change of it, until the time is over."""
        while time.monotonic() < end:
            listed = self.get(path)
            objects = {_key(each): each for each in listed["items"]}
            yield list(objects.values())
            for event in self._events(path, listed["metadata"]["resourceVersion"], end):
                if event["type"] == "DELETED":
                    objects.pop(_key(event["object"]), None)
                elif event["type"] in ("ADDED", "MODIFIED"):
                    objects[_key(event["object"])] = event["object"]
                else:
                    break
                yield list(objects.values())

    def _events(self, path: str, version: str, end: float) -> Iterator[Object]:
        """What happens for a while; afterwards the list is read again, so that nothing is lost."""
        seconds = max(1, min(_WATCH, int(end - time.monotonic())))
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(seconds)}
        mark = "&" if "?" in path else "?"
        with self._send("GET", f"{path}{mark}{urlencode(query)}", stream=True) as response:
            try:
                for line in _lines(response):
                    yield json.loads(line)
            except HTTPError:
                return

    def _decoded(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> Object:
        decoded: Object = json.loads(self._send(method, path, body, content_type).data)
        return decoded

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        *,
        accept: str = "application/json",
        stream: bool = False,
    ) -> BaseHTTPResponse:
        what = f"{method} {path.partition('?')[0]}"
        try:
            response = self._pool.urlopen(
                method,
                path,
                body=None if body is None else json.dumps(body),
                headers={"Accept": accept, "Content-Type": content_type},
                retries=False,
                preload_content=not stream,
            )
        except HTTPError as error:
            raise ApiError(what, 0, str(error)) from error
        if response.status >= 400:
            raise ApiError(what, response.status, _reason(response))
        return response


def _reason(response: BaseHTTPResponse) -> str:
    try:
        return str(json.loads(response.data)["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {response.status}"


def _lines(response: BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for piece in response.stream(amt=None):
        *lines, rest = (rest + piece).split(b"\n")
        yield from filter(None, lines)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
