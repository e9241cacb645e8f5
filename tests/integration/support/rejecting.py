# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies that reject what istiod has for them."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.cluster import Cluster

# istiod hands the filter on, and Envoy does not know it: so it refuses its listeners.
UNKNOWN_FILTER: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "EnvoyFilter",
    "metadata": {"name": "unknown", "namespace": "shop"},
    "spec": {
        # Not by a label of its Service: that alone would stand against a draining restart.
        "workloadSelector": {"labels": {"service.istio.io/canonical-name": "catalog"}},
        "configPatches": [
            {
                "applyTo": "HTTP_FILTER",
                "match": {"context": "SIDECAR_INBOUND"},
                "patch": {
                    "operation": "INSERT_FIRST",
                    "value": {
                        "name": "unknown",
                        "typed_config": {
                            "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
                            "type_url": "type.googleapis.com/no.such.Filter",
                        },
                    },
                },
            }
        ],
    },
}
_LIMIT = 90.0


def told_by_istioctl(cluster: Cluster, revision: str) -> dict[str, tuple[str, bool]]:
    """The proxies of one revision: the version of each, and whether it has all it was sent."""
    said = cluster.run("istioctl-1.31", "proxy-status", "-o", "json", "--revision", revision)
    found = {}
    for each in json.loads(said)["resources"]:
        states = {config["configStatus"] for config in each["genericXdsConfigs"]}
        found[each["node"]["id"]] = (
            each["node"]["metadata"]["ISTIO_VERSION"],
            states <= {"SYNCED", "UNKNOWN"},
        )
    return found


def bad(told: dict[str, tuple[str, bool]]) -> set[str]:
    """Those that have not all they were sent."""
    return {name for name, (_version, synced) in told.items() if not synced}


def begin(cluster: Cluster) -> None:
    """Let every proxy of catalog reject its listeners, and wait until all of them have."""
    pods = cluster.objects.get("/api/v1/namespaces/shop/pods")["items"]
    wanted = {
        f"{each['metadata']['name']}.shop"
        for each in pods
        if each["metadata"]["labels"].get("app") == "catalog"
    }
    cluster.apply([UNKNOWN_FILTER])
    end = time.monotonic() + _LIMIT
    while bad(told_by_istioctl(cluster, "default")) != wanted:
        if time.monotonic() > end:
            raise TimeoutError(f"not all of {sorted(wanted)} reject their listeners")
        time.sleep(0.2)
