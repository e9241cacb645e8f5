# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The checks of a gate that the istiods answer: proxies in sync, and none that rejects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ansible_collections.meshwright.istio.plugins.module_utils import _proxy
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import (
    Check,
    Sample,
    Scope,
    count,
    unmeasured,
)
from ansible_collections.meshwright.istio.plugins.module_utils._proxy import Proxy, State
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_reader import Look, Reader
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_wait import look_twice
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted

KIND = "proxies"
SYNCED = "proxies_synced"
REJECTS = "rejects"
# A pod that has not started yet is the business of pending_pods.
_BAD = {
    SYNCED: (frozenset({State.STALE, State.REJECTED, State.NOT_CONNECTED}), "not in sync"),
    REJECTS: (frozenset({State.REJECTED}), "that reject their configuration"),
}


class ProxySource:
    """Looks once at every selected proxy for all of the given checks."""

    def __init__(self, api: Api, scope: Scope, names: Sequence[str]) -> None:
        self._scope = scope
        self._reader = Reader(api, scope.istio_namespace, scope.selection, revision=scope.revision)
        where = f"istiods in {scope.istio_namespace}"
        self.checks = [Check(name=name, kind=KIND, object=where, max=0) for name in names]

    def look(self, now: datetime) -> list[Sample]:
        """Ask every istiod."""
        try:
            look = look_twice(self._reader)
        except MeshError as error:
            return [unmeasured(check, now, error.message) for check in self.checks]
        if problem := _unasked(look, self._scope):
            return [unmeasured(check, now, problem) for check in self.checks]
        lacking = _proxy.missing(look.proxies, Wanted(), synced=True)
        total = sum(not proxy.ending for proxy in look.proxies)
        return [_judge(check, now, lacking, total) for check in self.checks]


def _judge(check: Check, now: datetime, lacking: Sequence[tuple[Proxy, str]], total: int) -> Sample:
    states, what = _BAD[check.name]
    bad = [(proxy.key, reason) for proxy, reason in lacking if proxy.state in states]
    return count(check, now, bad, total, f"proxies {what}")


def _unasked(look: Look, scope: Scope) -> str:
    """Why the look does not tell of every selected proxy; empty where it does."""
    running = [each for each in look.istiods if each.running]
    own = [each for each in running if scope.revision in (None, each.revision)]
    silent = [f"{each.name}: {each.problem}" for each in own if each.problem]
    unknown = [f"{each.key}: {each.reason}" for each in look.proxies if _is_unknown(each)]
    if silent or unknown:
        return "; ".join([*silent, *unknown][:3])
    if not own:
        of_it = f" of revision {scope.revision}" if scope.revision else ""
        return f"no istiod{of_it} runs in {scope.istio_namespace}"
    return ""


def _is_unknown(proxy: Proxy) -> bool:
    return proxy.state is State.UNKNOWN and not proxy.ending
