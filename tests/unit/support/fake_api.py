# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server in memory, for tests of modules.

How the real one behaves is tested on a real one.
"""
# ruff: noqa: ARG002 - the fake takes what the client takes

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import (
    Object,
    Objects,
    PatchType,
    PodPort,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema
from ansible_collections.meshwright.istio.tests.unit.support.fake_port import FakePort

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Key = tuple[str, str, str | None, str]


class FakeApi:
    """Holds objects; `writes` are the requests that would have changed something, in order.

    `failures` maps a (verb, name) to errors that the next such requests raise.
    `on_write` is called after each write, so that a test can play a controller.
    `pod_answers` maps (namespace, pod, port, path) to the body of what is asked inside the pod;
    `pod_posts` are the paths that were posted to there, in order.
    `refuses` says which rights the account has not, as an access review asks for them.
    """

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.objects: dict[Key, Object] = {}
        self.writes: list[tuple[str, str, str]] = []
        self.reads: list[tuple[str, str]] = []
        self.failures: dict[tuple[str, str], list[Exception]] = {}
        self.on_write: Callable[[FakeApi, str, Object], None] = lambda *_arguments: None
        self.pod_answers: dict[tuple[str, str, int, str], bytes | Exception] = {}
        self.pod_posts: list[str] = []
        self.refuses: Callable[[Mapping[str, str]], bool] = lambda _asked: False
        self.server_version = {"major": "1", "minor": "35", "gitVersion": "v1.35.4"}
        self._version = 100
        self._events: list[tuple[int, str, Kind, Object]] = []
        for item in objects:
            self.put(item)

    def put(self, item: Mapping[str, Any]) -> Object:
        """Add or replace an object behind the API's back; watches see it."""
        kind = self._kind_of(item)
        metadata = item["metadata"]
        key = self._key(kind, metadata["name"], metadata.get("namespace"))
        event = "MODIFIED" if key in self.objects else "ADDED"
        return self._store(kind, key, dict(item), event)

    def remove(self, kind: Kind, name: str, namespace: str | None = None) -> None:
        """Take an object away behind the API's back; watches see it."""
        item = self.objects.pop(self._key(kind, name, namespace))
        self._version += 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self._version)}}
        self._events.append((self._version, "DELETED", kind, item))

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        self._request("get", kind, name, reads=True)
        return clone(self.objects.get(self._key(kind, name, namespace)))

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Objects:
        assert not field_selector, "the fake knows no field selectors"
        self._request("list", kind, "", reads=True)
        found = [
            (key, item)
            for key, item in self.objects.items()
            if key[:2] == (kind.api_version, kind.kind)
            and (namespace is None or key[2] == namespace)
            and matches(item["metadata"].get("labels") or {}, label_selector)
        ]
        return [clone(item) for _key, item in sorted(found, key=lambda pair: str(pair[0]))]

    def list_with_version(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = ""
    ) -> tuple[Objects, str]:
        items = self.list(kind, namespace, label_selector=label_selector)
        return items, str(self._version)

    def pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        size: int = 2000,
        schema: Schema | None = None,
    ) -> Iterator[tuple[Objects, str]]:
        items = self.list(
            kind, namespace, label_selector=label_selector, field_selector=field_selector
        )
        for start in range(0, max(1, len(items)), size):
            yield items[start : start + size], str(self._version)

    def create(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        if kind == _kinds.ACCESS_REVIEW:
            self._request("review", kind, "", reads=True)
            allowed = not self.refuses(body["spec"]["resourceAttributes"])
            return {**body, "status": {"allowed": allowed}}
        metadata = dict(body["metadata"])
        if "name" not in metadata:
            metadata["name"] = f"{metadata['generateName']}x{self._version}"
        if kind.namespaced:
            metadata.setdefault("namespace", namespace)
        key = self._key(kind, metadata["name"], metadata.get("namespace"))
        self._request("create", kind, metadata["name"], dry_run=dry_run)
        if key in self.objects:
            raise ApiError(f"{metadata['name']} exists", status=409, reason="AlreadyExists")
        return self._write(kind, key, {**body, "metadata": metadata}, "ADDED", dry_run=dry_run)

    def patch(  # noqa: PLR0913 - what a PATCH is made of
        self,
        kind: Kind,
        name: str,
        body: Any,
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str | None = None,
        dry_run: bool = False,
        seconds: float | None = None,
    ) -> Object:
        assert seconds is None or seconds > 0
        assert patch_type in ("merge", "strategic"), "the fake knows no JSON patches"
        self._request("patch", kind, name, dry_run=dry_run)
        current = self._existing(kind, name, namespace)
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted not in (None, current["metadata"]["resourceVersion"]):
            raise ApiError(f"{name} has changed", status=409, reason="Conflict")
        key = self._key(kind, name, namespace)
        return self._write(kind, key, merge(current, body), "MODIFIED", dry_run=dry_run)

    def apply(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
    ) -> Object:
        metadata = body["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace")
        self._request("apply", kind, name, dry_run=dry_run)
        key = self._key(kind, name, namespace)
        current = self.objects.get(key)
        event = "MODIFIED" if current else "ADDED"
        applied = merge(current or {}, body)
        if "webhooks" in body:
            applied["webhooks"] = _merge_by_name((current or {}).get("webhooks"), body["webhooks"])
        return self._write(kind, key, applied, event, dry_run=dry_run)

    def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        metadata = body["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace")
        self._request("replace", kind, name)
        current = self._existing(kind, name, namespace)
        wanted = metadata.get("resourceVersion")
        if wanted not in (None, current["metadata"]["resourceVersion"]):
            raise ApiError(f"{name} has changed", status=409, reason="Conflict")
        key = self._key(kind, name, namespace)
        return self._write(kind, key, dict(body), "MODIFIED", dry_run=False)

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> bool:
        self._request("delete", kind, name, dry_run=dry_run)
        key = self._key(kind, name, namespace)
        if key not in self.objects:
            return False
        if not dry_run:
            item = self.objects[key]
            self.remove(kind, name, namespace)
            self.on_write(self, "delete", item)
        return True

    def evict(self, name: str, namespace: str) -> bool:
        return self.delete(_kinds.POD, name, namespace)

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        seconds: int,
    ) -> Iterator[tuple[str, Object]]:
        self._request("watch", kind, "", reads=True)
        for version, event, event_kind, item in tuple(self._events):
            if (
                version > int(resource_version)
                and event_kind == kind
                and namespace in (None, item["metadata"].get("namespace"))
                and matches(item["metadata"].get("labels") or {}, label_selector)
            ):
                yield event, clone(item)

    def find_kind(self, api_version: str, kind: str) -> Kind | None:
        for known in _kinds.ALL:
            if (known.api_version, known.kind) == (api_version, kind):
                return known
        return None

    def pod_get(
        self,
        pod: str,
        namespace: str,
        *,
        port: int,
        path: str,
        timeout: float = 30.0,
        method: str = "GET",
    ) -> bytes:
        if method == "POST":
            self.pod_posts.append(path)
        answer = self.pod_answers.get((namespace, pod, port, path))
        if answer is None:
            answer = ApiError(f"no answer from {namespace}/{pod}", status=0, reason="PortForward")
        if isinstance(answer, Exception):
            raise answer
        return answer

    @contextmanager
    def pod_port(
        self, pod: str, namespace: str, *, port: int, timeout: float = 30.0
    ) -> Iterator[PodPort]:
        yield FakePort(partial(self.pod_get, pod, namespace, port=port, timeout=timeout))

    def version(self) -> Object:
        return dict(self.server_version)

    def each(self, function: Callable[[Item], Outcome], items: Iterable[Item]) -> Sequence[Outcome]:
        return [function(item) for item in items]

    def _kind_of(self, item: Mapping[str, Any]) -> Kind:
        kind = self.find_kind(item["apiVersion"], item["kind"])
        assert kind is not None, f"the fake does not know {item['apiVersion']} {item['kind']}"
        return kind

    @staticmethod
    def _key(kind: Kind, name: str, namespace: str | None) -> Key:
        return (kind.api_version, kind.kind, namespace if kind.namespaced else None, name)

    def _existing(self, kind: Kind, name: str, namespace: str | None) -> Object:
        item = self.objects.get(self._key(kind, name, namespace))
        if item is None:
            raise ApiError(f"{kind.kind} {name} not found", status=404, reason="NotFound")
        return item

    def _request(
        self, verb: str, kind: Kind, name: str, *, dry_run: bool = False, reads: bool = False
    ) -> None:
        if reads:
            self.reads.append((verb, kind.kind))
        elif not dry_run:
            self.writes.append((verb, kind.kind, name))
        errors = self.failures.get((verb, name))
        if errors:
            raise errors.pop(0)

    def _write(
        self, kind: Kind, key: Key, body: Mapping[str, Any], event: str, *, dry_run: bool
    ) -> Object:
        item = clone(dict(body))
        item.setdefault("apiVersion", kind.api_version)
        item.setdefault("kind", kind.kind)
        if dry_run or self._same(self.objects.get(key), item):
            return item
        stored = self._store(kind, key, item, event)
        self.on_write(self, event, clone(stored))
        return clone(self.objects.get(key, stored))

    def _store(self, kind: Kind, key: Key, item: Object, event: str) -> Object:
        self._version += 1
        previous = self.objects.get(key, {"metadata": {}})["metadata"]
        item = clone(item)
        item["metadata"] = {
            **item["metadata"],
            "resourceVersion": str(self._version),
            "uid": previous.get("uid") or item["metadata"].get("uid") or f"uid-{self._version}",
        }
        self.objects[key] = item
        self._events.append((self._version, event, kind, clone(item)))
        return item

    @staticmethod
    def _same(old: Object | None, new: Object) -> bool:
        def bare(item: Object) -> Object:
            ignored = ("resourceVersion", "uid")
            metadata = {k: v for k, v in item["metadata"].items() if k not in ignored}
            return {**item, "metadata": metadata}

        return old is not None and bare(old) == bare(new)


def clone(value: Item) -> Item:
    """A copy of what JSON can say, much faster than one of anything."""
    copied: Item = _copy(value)
    return copied


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list | tuple) else value


def merge(current: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """JSON merge patch (RFC 7386)."""
    result = dict(current)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            inner = result.get(key)
            result[key] = merge(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def _merge_by_name(current: list[Object] | None, wanted: list[Object]) -> list[Object]:
    """Webhooks are a list that the API server applies entry by entry, unlike most others.

    The selectors in them it takes as a whole, or leaves.
    """
    known = {entry["name"]: entry for entry in current or ()}
    whole = ("namespaceSelector", "objectSelector")
    return [
        merge(known.get(entry["name"], {}), entry)
        | {key: entry[key] for key in whole if key in entry}
        for entry in wanted
    ]


def matches(labels: Mapping[str, str], selector: str) -> bool:
    """Whether labels satisfy a label selector in the API's own notation."""
    terms = re.findall(r"[^,(]+(?:\([^)]*\))?", selector)
    return all(_holds(labels, term.strip()) for term in terms if term.strip())


def _holds(labels: Mapping[str, str], term: str) -> bool:
    found = re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", term)
    if found:
        key, operator, values = found.groups()
        inside = labels.get(key) in {value.strip() for value in values.split(",")}
        return inside if operator == "in" else not inside
    if "!=" in term:
        key, value = term.split("!=")
        return labels.get(key) != value
    if "=" in term:
        key, value = re.split("==?", term)
        return labels.get(key) == value
    return term[1:] not in labels if term.startswith("!") else term in labels
