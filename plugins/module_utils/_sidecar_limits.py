# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""For how long a pod and its sidecar themselves let open requests go on, once they are to stop.

https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

_PROXY = "istio-proxy"
_CONFIG = "PROXY_CONFIG"
_WAITS = "EXIT_ON_ZERO_ACTIVE_CONNECTIONS"
_DRAIN = "45s"
_TERMINATION = "5s"


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarLimits:
    """As the pod was made; durations as Istio writes them, the grace period in seconds.

    `drain` ends what is open after the pod has left its last Service, `termination` after it was
    told to stop, unless the sidecar waits until nothing is open.
    """

    grace: int
    drain: str
    termination: str
    waits: bool

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> SidecarLimits:
        """Read a pod; what it does not say is Istio's default."""
        spec = item["spec"]
        variables = dict(_variables(spec))
        config = _read_config(variables.get(_CONFIG, ""))
        settings = {**config.get("proxyMetadata", {}), **variables}
        return cls(
            grace=spec.get("terminationGracePeriodSeconds", 30),
            drain=config.get("drainDuration", _DRAIN),
            termination=config.get("terminationDrainDuration", _TERMINATION),
            waits=str(settings.get(_WAITS, "")).lower() == "true",
        )

    def __str__(self) -> str:
        ends = (
            "its sidecar waits until nothing is open"
            if self.waits
            else f"terminationDrainDuration is {self.termination}"
        )
        return f"its grace period is {self.grace} s, drainDuration is {self.drain}, {ends}"


def describe(api: Api, pod: Pod) -> str | None:
    """Those of a pod in words; None where it has gone."""
    item = api.get(_kinds.POD, pod.name, pod.namespace)
    return str(SidecarLimits.from_object(item)) if item else None


def _variables(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    # A native sidecar is an init container that never ends.
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        if container["name"] == _PROXY:
            for variable in container.get("env") or ():
                yield variable["name"], variable.get("value", "")


def _read_config(text: str) -> Mapping[str, Any]:
    try:
        config = json.loads(text)
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}
