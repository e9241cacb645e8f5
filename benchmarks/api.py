# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API server as the benchmarks' own set-up and observation see it, without our client."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import urllib3

from benchmarks.credentials import Credentials
from benchmarks.errors import BenchmarkError

_AT_ONCE = 16
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

Object = dict[str, Any]
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Api:
    """Requests as an administrator."""

    def __init__(self, credentials: Credentials, port: int) -> None:
        tls = ssl.create_default_context(cafile=str(credentials.file("ca.crt")))
        tls.load_cert_chain(credentials.file("admin.crt"), credentials.file("admin.key"))
        self._pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1", port, maxsize=2 * _AT_ONCE, ssl_context=tls, retries=False
        )

    def is_ready(self) -> bool:
        try:
            return self._pool.request("GET", "/readyz", timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def get(self, path: str) -> Object:
        return self.send("GET", path)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        allowed: Sequence[int] = (),
    ) -> Object:
        """The answer; one of the `allowed` statuses is none but no error either."""
        headers = {"Content-Type": content_type} if body is not None else {}
        data = json.dumps(body) if body is not None else None
        response = self._pool.request(method, path, body=data, headers=headers)
        if response.status in allowed:
            return {}
        if response.status >= 400:
            raise BenchmarkError(
                f"{method} {path} was answered {response.status}: {response.data!r}"
            )
        answer: Object = json.loads(response.data)
        return answer

    def watch(self, path: str, version: str) -> Iterator[tuple[str, Object]]:
        """The events after that version, until the server ends the watch."""
        mark = "&" if "?" in path else "?"
        url = f"{path}{mark}watch=true&allowWatchBookmarks=true&resourceVersion={version}"
        response = self._pool.request("GET", url, preload_content=False, timeout=None)
        rest = b""
        for piece in response.stream(65536):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                event = json.loads(line)
                yield event["type"], event["object"]


def each(function: Callable[[Item], Outcome], items: Iterable[Item]) -> list[Outcome]:
    """What the function gives for every item, many at once."""
    with ThreadPoolExecutor(_AT_ONCE) as executor:
        return list(executor.map(function, items))
