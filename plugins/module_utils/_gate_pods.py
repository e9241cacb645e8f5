# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The checks of a gate that the pods answer: none in a crash loop, none that waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _istiod, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._feed import scopes
from ansible_collections.meshwright.istio.plugins.module_utils._gate import (
    Check,
    Sample,
    Scope,
    count,
    unmeasured,
)
from ansible_collections.meshwright.istio.plugins.module_utils._pod import REVISION, Pod
from ansible_collections.meshwright.istio.plugins.module_utils._selection import read_namespaces

KIND = "pods"
CRASHES = "crash_loops"
PENDING = "pending_pods"
_CRASH_LOOP = "CrashLoopBackOff"
# Whole pods are large; so many are in memory at a time.
_PAGE = 250
# More namespaces than these are listed as one whole cluster.
_SCOPES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A pod that is there to stay; `since` is when it last stopped being ready, None if it is."""

    pod: Pod
    since: datetime | None

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Waiting:
        """Read a pod."""
        pod = Pod.from_object(item)
        return cls(pod=pod, since=None if pod.ready else _unready_since(item))

    @property
    def _has_done_its_job(self) -> bool:
        """Whether it may only run for a sidecar that does not see that the work is done."""
        owner, trouble = self.pod.owner, self.pod.trouble
        is_job = owner is not None and owner.kind == "Job"
        return is_job and self.pod.phase == "Running" and not (trouble and trouble.hopeless)

    def crash(self) -> str:
        """What its crash loop says; empty where there is none."""
        trouble = self.pod.trouble
        if trouble is None or trouble.reason != _CRASH_LOOP:
            return ""
        return f"is in {trouble.reason}: {trouble.message}"

    def delay(self, now: datetime, seconds: int) -> str:
        """Why it counts as one that waits for long; empty where it does not.

        One whose trouble does not pass by waiting counts at once.
        """
        if self.since is None or self._has_done_its_job:
            return ""
        waited = (now - self.since).total_seconds()
        trouble = self.pod.trouble
        if waited <= seconds and not (trouble and trouble.hopeless):
            return ""
        said = f"{trouble.reason}: {trouble.message}" if trouble else f"it is {self.pod.phase}"
        return f"has not been ready for {max(0.0, waited):.0f} s: {said}"


class PodSource:
    """Looks once at every selected pod for all of the given checks."""

    def __init__(
        self, api: Api, scope: Scope, names: Sequence[str], *, pending_seconds: int
    ) -> None:
        self._api = api
        self._scope = scope
        self._pending_seconds = pending_seconds
        self.checks = [Check(name=name, kind=KIND, object="pods", max=0) for name in names]

    def look(self, now: datetime) -> list[Sample]:
        """List the pods."""
        try:
            found = {each.pod.key: each for each in self._read()}
        except MeshError as error:
            return [unmeasured(check, now, error.message) for check in self.checks]
        judges: dict[str, tuple[Callable[[Waiting], str], str]] = {
            CRASHES: (Waiting.crash, "pods in a crash loop"),
            PENDING: (
                lambda each: each.delay(now, self._pending_seconds),
                f"pods not ready for more than {self._pending_seconds} s",
            ),
        }
        samples = []
        for check in self.checks:
            judge, what = judges[check.name]
            bad = [(key, reason) for key, each in sorted(found.items()) if (reason := judge(each))]
            samples.append(count(check, now, bad, len(found), what))
        return samples

    def _read(self) -> Iterator[Waiting]:
        selection, wanted = self._scope.selection, self._scope.revision
        names = None if selection.is_everything else list(read_namespaces(self._api, selection))
        for scope in scopes(names, _SCOPES):
            for page, _version in self._api.pages(_kinds.POD, scope, size=_PAGE):
                for each in map(Waiting.from_object, page):
                    revision = each.pod.revision
                    if (
                        each.pod.live
                        and (names is None or each.pod.namespace in names)
                        and (revision == wanted if wanted else names or revision)
                    ):
                        yield each
        yield from self._read_istiods()

    def _read_istiods(self) -> Iterator[Waiting]:
        """Those of the revision, for they have no proxy and belong to no namespace that moves."""
        items = self._api.list(
            _kinds.POD, self._scope.istio_namespace, label_selector=_istiod.SELECTOR
        )
        for each in map(Waiting.from_object, items):
            revision = each.pod.labels.get(REVISION, _istiod.UNREVISIONED)
            if each.pod.live and self._scope.revision in (None, revision):
                yield each


def _unready_since(item: Mapping[str, Any]) -> datetime:
    conditions = (item.get("status") or {}).get("conditions") or ()
    changed = (each.get("lastTransitionTime") for each in conditions if each["type"] == "Ready")
    return datetime.fromisoformat(next(changed, None) or item["metadata"]["creationTimestamp"])
