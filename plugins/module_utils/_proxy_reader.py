# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Look at every selected proxy: its pod, and what the istiods say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _injector,
    _istiod,
    _kinds,
    _pod_schema,
    _proxy,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._asking import Asking
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed, Source, scopes
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Answer, Istiod
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._proxy import Mesh, Proxy, State
from ansible_collections.meshwright.istio.plugins.module_utils._selection import (
    Labels,
    Selection,
    read_namespaces,
)
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection

# More watches than these at once are one for the whole cluster.
_SCOPES = 8
_BY_NAME = attrgetter("namespace", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at one moment."""

    proxies: tuple[Proxy, ...]
    istiods: tuple[Istiod, ...]
    found: Mapping[str, tuple[Istiod, Connection]]

    def unreachable(self) -> list[dict[str, Any]]:
        """The istiods that did not answer; while there are any, the look is not complete."""
        return [
            {"name": each.name, "revision": each.revision, "reason": each.problem}
            for each in self.istiods
            if each.problem
        ]

    def report(self, details: str) -> dict[str, Any]:
        """The module's result, with none of the proxies, those with problems, or all."""
        listed = {
            "none": (),
            "problems": [proxy for proxy in self.proxies if not proxy.is_well],
            "all": self.proxies,
        }[details]
        unreachable = self.unreachable()
        return {
            "complete": not unreachable,
            "unreachable_istiods": unreachable,
            "istiods": self._describe_istiods(),
            "summary": _proxy.count(self.proxies),
            "proxies": [proxy.summary() for proxy in listed],
        }

    def _describe_istiods(self) -> list[dict[str, Any]]:
        serving = Counter(istiod.name for istiod, _connection in self.found.values())
        return [
            {
                "name": each.name,
                "revision": each.revision,
                "version": each.version,
                "proxies": serving[each.name],
            }
            for each in self.istiods
        ]

    def after(self, earlier: Look) -> Look:
        """The same, where a proxy that only was busy at both moments is not called stale."""
        return replace(self, proxies=tuple(self._compare(earlier, each) for each in self.proxies))

    def _compare(self, earlier: Look, proxy: Proxy) -> Proxy:
        if proxy.state is State.STALE and proxy.key in earlier.found:
            before, now = earlier.found[proxy.key][1], self.found[proxy.key][1]
            if now.unanswered and not before.unanswered & now.unanswered:
                return proxy._replace(state=State.SYNCED, reason=None)
        return proxy


class Reader:
    """Looks as often as it is asked to; pods are listed anew each time until they are watched."""

    def __init__(
        self,
        api: Api,
        istio_namespace: str,
        selection: Selection,
        *,
        revision: str | None = None,
    ) -> None:
        self._api = api
        self._istio_namespace = istio_namespace
        self._selection = selection
        self._revision = revision
        self._pods = _Pods()
        self._namespaces: Mapping[str, Labels] = {}
        self._feed: Feed | None = None
        self._following = False

    def look(self) -> Look:
        """Ask every istiod now."""
        # An istiod takes the longest to answer, so nothing is waited for before it is asked.
        answers, injectors, _nothing = self._at_once(
            self._ask_istiods, lambda: _injector.read(self._api), self._read_selected
        )
        return self._judge(answers, injectors)

    def follow(self) -> None:
        """Watch the pods from the last look on."""
        self._following = True
        self._pods_feed().follow()

    def wait(self, seconds: float) -> None:
        """Wait until a pod has changed, but no longer than that."""
        self._pods_feed().wait(seconds)

    def pods(self) -> list[Pod]:
        """The selected pods with a proxy, as far as the watch has told."""
        return [
            pod
            for pod in self._pods.all()
            if pod.phase not in ("Succeeded", "Failed")
            and self._selection.has(self._namespaces, pod.namespace, pod.owner)
            and self._revision in (None, pod.revision)
        ]

    def _ask_istiods(self) -> Sequence[Answer]:
        found = _istiod.find_istiods(self._api, self._istio_namespace)
        return _istiod.ask_all(self._api, found)

    def _at_once(self, *calls: Callable[[], Any]) -> Sequence[Any]:
        return self._api.each(lambda call: call(), calls)

    def _pods_feed(self) -> Feed:
        if self._feed is None:
            names = None if self._selection.is_everything else list(self._namespaces)
            sources = [
                Source(
                    kind=_kinds.POD, namespace=scope, read=_read_injected, schema=_pod_schema.POD
                )
                for scope in scopes(names, _SCOPES)
            ]
            self._feed = Feed(self._api, sources, self._pods)
        return self._feed

    def _read_selected(self) -> None:
        self._namespaces = read_namespaces(self._api, self._selection)
        feed = self._pods_feed()
        if not self._following:
            feed.read()

    def _judge(self, answers: Iterable[Answer], injectors: Iterable[Injector]) -> Look:
        known = list(answers)
        asking = Asking(injectors, self._namespaces)
        istiods = tuple(answer.istiod for answer in known)
        mesh = Mesh.of(istiods, lambda pod: asking.revision(pod.namespace, pod.labels))
        found = _istiod.newest(known)
        pods = self.pods()
        proxies = [
            *(_proxy.judge_pod(mesh, pod, found.get(pod.key)) for pod in pods),
            *(_proxy.judge_connection(*each) for each in self._without_pod(found)),
        ]
        proxies.sort(key=_BY_NAME)
        return Look(proxies=tuple(proxies), istiods=istiods, found=found)

    def _without_pod(
        self, found: Mapping[str, tuple[Istiod, Connection]]
    ) -> Iterator[tuple[Istiod, Connection]]:
        """Connections of proxies outside this cluster's pods; they belong to no workload."""
        for key, (istiod, connection) in found.items():
            if (
                key not in self._pods
                and self._selection.has(self._namespaces, connection.namespace, None)
                and self._revision in (None, istiod.revision)
            ):
                yield istiod, connection


def _read_injected(item: Object) -> Pod | None:
    pod = Pod.from_object(item)
    return pod if pod.revision is not None else None


class _Pods:
    """The pods with a proxy, of every source."""

    def __init__(self) -> None:
        self._by_source: dict[Source, dict[str, Pod | None]] = {}

    def reset(self, source: Source, records: Mapping[str, Pod | None]) -> None:
        self._by_source[source] = dict(records)

    def change(self, source: Source, key: str, record: Pod | None) -> None:
        self._by_source[source][key] = record

    def __contains__(self, key: str) -> bool:
        for pods in self._by_source.values():  # noqa: SIM110 - a third of the time that any() takes
            if pods.get(key) is not None:
                return True
        return False

    def all(self) -> Iterator[Pod]:
        """Every pod with a proxy."""
        for pods in self._by_source.values():
            yield from (pod for pod in pods.values() if pod is not None)
