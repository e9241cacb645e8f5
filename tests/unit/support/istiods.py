# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of istiods, and what they answer when they are asked which proxies they serve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
CLUSTERS = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
LISTENERS = "type.googleapis.com/envoy.config.listener.v3.Listener"
SENT = "2026-05-04T08:00:00Z/19b3f1c8a7"


def pod(name: str, revision: str | None, *, phase: str = "Running", **status: Any) -> Object:
    """The pod of an istiod; None for a revision that has no label."""
    labels = {"app": "istiod", **({"istio.io/rev": revision} if revision else {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "istio-system",
            "labels": labels,
            "annotations": {"prometheus.io/port": "15014"},
        },
        "spec": {"containers": [{"name": "discovery"}]},
        "status": {"phase": phase, **status},
    }


def entry(
    proxy: str,
    *,
    version: str = "1.30.4",
    proxy_type: str = "sidecar",
    sent_time: str = "2026-05-04T08:00:00.25Z",
    listeners: Mapping[str, str] | None = None,
) -> Object:
    """One proxy (`name.namespace`) as Istio 1.24 to 1.31 tell it; synced but for `listeners`."""
    synced = {"sent": SENT, "acked": SENT, "sentTime": sent_time}
    return {
        "cluster_id": "Kubernetes",
        "proxy": proxy,
        "proxy_type": proxy_type,
        "istio_version": version,
        "cluster_sent": SENT,
        "cluster_acked": SENT,
        "resources": {CLUSTERS: synced, LISTENERS: synced if listeners is None else listeners},
    }


def stale(nonce: str = "later") -> dict[str, str]:
    """What an entry says of listeners that were sent and not acknowledged."""
    return {"sent": nonce, "acked": SENT, "sentTime": "2026-05-04T08:00:01Z"}


def serve(api: FakeApi, name: str, version: str, entries: Sequence[Object]) -> None:
    """Let the istiod of that name answer with these proxies from now on."""
    where = ("istio-system", name, 15014)
    api.pod_answers[*where, "/debug/syncz"] = json.dumps(entries).encode()
    api.pod_answers[*where, "/version"] = f"{version}-9739e10eb9d7-Clean".encode()
