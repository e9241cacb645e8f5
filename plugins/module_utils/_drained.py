# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What became of one pod on its way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """One pod's way out; times as people read them, None for what did not happen or is not known.

    `open_at_out` and `open_at_end` are how many requests it had open; `limits` are what cuts those
    that were open at the end.
    """

    pod: str
    revision: str | None
    released: str | None = None
    out: str | None = None
    acknowledged: str | None = None
    ended: str | None = None
    proxies: int = 0
    open_at_out: int | None = None
    open_at_end: int | None = None
    limits: str | None = None
    seconds: float = 0.0

    def asdict(self) -> dict[str, Any]:
        return asdict(self)


class Log:
    """The records of the pods of one workload, each begun with the first that is written."""

    def __init__(self) -> None:
        self._records: dict[str, Drained] = {}

    def of(self, pod: Pod) -> Drained:
        """What is written of it."""
        return self._records.get(pod.uid) or Drained(pod=pod.name, revision=pod.revision)

    def write(self, pod: Pod, **changes: Any) -> None:
        """Write it down, over what stood there."""
        self._records[pod.uid] = replace(self.of(pod), **changes)

    def add(self, pod: Pod, **changes: Any) -> None:
        """Write down what is not known yet."""
        before = self.of(pod)
        missing = {key: value for key, value in changes.items() if getattr(before, key) is None}
        self.write(pod, **missing)


def warnings(workloads: Iterable[Mapping[str, Any]]) -> list[str]:
    """What a result has of requests that outlasted what they were given, in words."""
    pods = [
        f"{workload['namespace']}/{pod['pod']} ({pod['open_at_end']} open; {pod['limits']})"
        for workload in workloads
        for pod in workload["drained"]
        if pod["open_at_end"]
    ]
    if not pods:
        return []
    more = f" and {len(pods) - _NAMED} more" if len(pods) > _NAMED else ""
    return [
        f"Requests were still open in {len(pods)} pods when drain_timeout had passed:"
        f" {'; '.join(pods[:_NAMED])}{more}."
    ]
