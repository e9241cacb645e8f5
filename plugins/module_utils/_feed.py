# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Objects of several kinds, kept up to date by one watch for each, as compact records."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._watch import key_of
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema

# Whole pods are some 60 KiB each in memory; so many are there at a time before they are records.
_PAGE = 250
# Shorter than the client's patience with a silent connection.
_WATCH_SECONDS = 45
# A watch that ends at once, again and again, must not become a storm of requests.
_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to follow: a kind, in one namespace or all, and how to make a record of an object.

    With a schema, `read` needs no other fields than those.
    """

    kind: Kind
    read: Callable[[Object], Any]
    namespace: str | None = None
    schema: Schema | None = field(default=None, compare=False)


class Sink(Protocol):
    """Where the records go; called by the thread that calls `Feed`, and no other."""

    def reset(self, source: Source, records: Mapping[str, Any]) -> None:
        """These are all there are now, by `namespace/name`."""

    def change(self, source: Source, key: str, record: Any) -> None:
        """One is new or has changed; None: it is gone."""


def scopes(namespaces: Sequence[str] | None, at_most: int) -> Sequence[str | None]:
    """Where to look: in each namespace by itself, or everywhere when they are too many."""
    return namespaces if namespaces is not None and len(namespaces) <= at_most else (None,)


class Feed:
    """Lists the sources, then watches them from there."""

    def __init__(self, api: Api, sources: Iterable[Source], sink: Sink) -> None:
        self._api = api
        self._sources = tuple(sources)
        self._sink = sink
        self._versions: dict[Source, str] = {}
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def read(self) -> None:
        """List everything once; nothing is watched yet."""
        found = self._api.each(self._list, self._sources)
        for source, (records, version) in zip(self._sources, found, strict=True):
            self._versions[source] = version
            self._sink.reset(source, records)

    def follow(self) -> None:
        """Start to watch; a kind that the API server does not know is left out."""
        for source, version in self._versions.items():
            if version:
                threading.Thread(target=self._follow, args=(source, version), daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Hand over what is new, once there is something; False when nothing came in time."""
        try:
            self._news.get(timeout=max(0.0, seconds))()
        except queue.Empty:
            return False
        while True:
            try:
                self._news.get_nowait()()
            except queue.Empty:
                return True

    def _list(self, source: Source) -> tuple[dict[str, Any], str]:
        records: dict[str, Any] = {}
        version = ""
        for page, version in self._api.pages(  # noqa: B007 - the last version is wanted
            source.kind, source.namespace, size=_PAGE, schema=source.schema
        ):
            records.update((key_of(item["metadata"]), source.read(item)) for item in page)
        return records, version

    def _follow(self, source: Source, version: str) -> None:
        try:
            while True:
                began = time.monotonic()
                version = self._watch(source, version) or self._list_again(source)
                if time.monotonic() - began < _PAUSE:
                    time.sleep(_PAUSE)
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits
            self._news.put(_raiser(error))

    def _watch(self, source: Source, version: str) -> str:
        """The version reached; empty when the server no longer knows the one asked for."""
        try:
            for event, item in self._api.watch(
                source.kind, source.namespace, resource_version=version, seconds=_WATCH_SECONDS
            ):
                if event == "ERROR":
                    return ""
                version = item["metadata"]["resourceVersion"]
                if event != "BOOKMARK":
                    self._tell(source, event, item)
        except ApiError as error:
            if error.status != 410:
                raise
            return ""
        return version

    def _tell(self, source: Source, event: str, item: Object) -> None:
        key = key_of(item["metadata"])
        # Read here, so that the waiting thread never holds whole objects.
        record = None if event == "DELETED" else source.read(_complete(item, source.kind))
        self._news.put(lambda: self._sink.change(source, key, record))

    def _list_again(self, source: Source) -> str:
        records, version = self._list(source)
        self._news.put(lambda: self._sink.reset(source, records))
        return version


def _complete(item: Object, kind: Kind) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.kind, **item}


def _raiser(error: Exception) -> Callable[[], None]:
    def throw() -> None:
        raise error

    return throw
