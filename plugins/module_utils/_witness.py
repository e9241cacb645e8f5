# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether every proxy of the mesh knows that a pod takes no more requests, and what it has open.

The proxies themselves are asked, each until it has let go of the address. An istiod would only say
that it has sent something; and the one that a proxy hangs on may be the one that is broken.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _envoy, _kinds, _pod_schema
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed, Source
from ansible_collections.meshwright.istio.plugins.module_utils._patience import UNDERWAY
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

_PAUSE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """A pod that has left its Services; `by_name` are those that clients find by the DNS."""

    pod: Pod
    by_name: Collection[str] = ()
    gateway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known of a leaver; the times are on the witness' clock, None for not yet.

    `lacking` are the proxies that do not know, each with why it cannot be asked, where it cannot.
    `open` is how many requests it had open when it was last asked, None where that is not seen.
    `busy` is when a gateway was last seen to have sent requests on since it was watched.
    """

    proxies: int = 0
    lacking: tuple[str, ...] = ()
    since: float | None = None
    open: int | None = None
    asked: float | None = None
    busy: float | None = None

    @property
    def complete(self) -> bool:
        return self.since is not None

    @property
    def is_answered(self) -> bool:
        """Whether it was asked what it has open once the last request could have reached it."""
        if self.asked is None or self.since is None:
            return False
        return self.asked >= self.since + UNDERWAY

    def describe(self) -> str:
        """What is waited for."""
        if not self.proxies:
            return "its proxies are asked"
        named = ", ".join(self.lacking[:3]) + (" ..." if len(self.lacking) > 3 else "")
        return f"{self.proxies - len(self.lacking)} of {self.proxies} proxies know; not {named}"


@dataclass(slots=True)
class _Case:
    leaver: Leaver
    known_by: set[str] = field(default_factory=set)
    knowledge: Knowledge = field(default_factory=Knowledge)
    sent: int | None = None


class Witness:
    """Asks in a thread of its own, as long as there is anybody to ask about."""

    def __init__(self, api: Api, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._book = _Book()
        self._feed = Feed(
            api, [Source(kind=_kinds.POD, read=_read, schema=_pod_schema.POD)], self._book
        )
        self._cases: dict[str, _Case] = {}
        self._deaf: dict[str, str] = {}
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def start(self) -> None:
        """List the proxies and follow them; an ApiError here comes before any pod has left."""
        with self._starting:
            if self._thread is None:
                self._feed.read()
                self._feed.follow()
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def watch(self, leaver: Leaver) -> None:
        """Ask about that pod from now on."""
        self.start()
        with self._lock:
            self._cases.setdefault(leaver.pod.uid, _Case(leaver))
            self._wake.set()

    def doubt(self, pod: Pod) -> None:
        """Ask everybody about it anew: who knew may have found it again."""
        with self._lock:
            # A round that goes on has the case of before, and what it finds may be older.
            before = self._cases[pod.uid]
            knowledge = replace(before.knowledge, proxies=0, lacking=(), since=None)
            self._cases[pod.uid] = replace(before, known_by=set(), knowledge=knowledge)

    def forget(self, pod: Pod) -> None:
        """Ask about it no more."""
        with self._lock:
            self._cases.pop(pod.uid, None)

    def about(self, pod: Pod) -> Knowledge:
        """What is known of it until now."""
        if self._error is not None:
            raise self._error
        with self._lock:
            case = self._cases.get(pod.uid)
        return case.knowledge if case else Knowledge()

    def _run(self) -> None:
        try:
            while True:
                self._wake.wait()
                # Also after a long sleep: proxies may have come since.
                self._feed.wait(_PAUSE)
                self.ask_round()
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits
            self._error = error

    def ask_round(self) -> None:
        """Ask every proxy that may still not know, and each leaver what it has open."""
        with self._lock:
            cases = list(self._cases.values())
            if not cases:
                self._wake.clear()
                return
        proxies = self._book.proxies()
        asked = [
            pod for pod in proxies.values() if any(pod.uid not in case.known_by for case in cases)
        ]
        self._api.each(lambda proxy: self._ask(proxy, cases), asked)
        self._api.each(self._look_into, cases)
        for case in cases:
            self._judge(case, self._book.proxies())

    def _ask(self, proxy: Pod, cases: Collection[_Case]) -> None:
        try:
            found = _envoy.clusters(self._api, proxy.name, proxy.namespace)
        except ApiError as error:
            # It is asked again in the next round; it may be gone by then.
            self._deaf[proxy.uid] = error.message.rstrip(".")
            return
        self._deaf.pop(proxy.uid, None)
        for case in cases:
            leaver = case.leaver
            addresses = leaver.pod.addresses
            if not any(_envoy.sends_to(found, each, not_by=leaver.by_name) for each in addresses):
                case.known_by.add(proxy.uid)

    def _look_into(self, case: _Case) -> None:
        leaver = case.leaver
        pod, asked = leaver.pod, self._clock()
        number, busy = None, case.knowledge.busy
        if pod.revision is not None:
            try:
                found = _envoy.clusters(self._api, pod.name, pod.namespace)
                listeners = _envoy.gauges(self._api, pod.name, pod.namespace)
                number = _envoy.count_open(found, listeners, gateway=leaver.gateway)
                sent = _envoy.count_sent(found) if leaver.gateway else 0
                busy = asked if case.sent not in (None, sent) else busy
                case.sent = sent
            except ApiError:
                number = None
        case.knowledge = replace(case.knowledge, open=number, asked=asked, busy=busy)

    def _judge(self, case: _Case, proxies: Mapping[str, Pod]) -> None:
        """A proxy that is not ready and cannot be asked has no clients either."""
        lacking = [
            f"{key} ({self._deaf[pod.uid]})" if pod.uid in self._deaf else key
            for key, pod in sorted(proxies.items())
            if pod.uid not in case.known_by and (pod.ready or pod.uid not in self._deaf)
        ]
        known = case.knowledge
        since = known.since if known.since is not None else self._clock()
        case.knowledge = Knowledge(
            proxies=len(proxies),
            lacking=tuple(lacking),
            since=None if lacking else since,
            open=known.open,
            asked=known.asked,
            busy=known.busy,
        )


def _read(item: Object) -> Pod | None:
    pod = Pod.from_object(item)
    return pod if pod.revision is not None and pod.phase == "Running" else None


class _Book:
    """The pods with a proxy, of the whole cluster; see `_feed.Sink`."""

    def __init__(self) -> None:
        self._pods: dict[str, Pod | None] = {}
        self._lock = threading.Lock()

    def reset(self, _source: Source, records: Mapping[str, Any]) -> None:
        with self._lock:
            self._pods = dict(records)

    def change(self, _source: Source, key: str, record: Any) -> None:
        with self._lock:
            self._pods[key] = record

    def proxies(self) -> dict[str, Pod]:
        """Those that run, by `namespace/name`."""
        with self._lock:
            return {key: pod for key, pod in self._pods.items() if pod is not None and pod.live}
