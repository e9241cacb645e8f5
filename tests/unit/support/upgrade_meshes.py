# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A healthy mesh before an upgrade, and the objects by which it is not healthy."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _journal
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path as JournalPath
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase, Step
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import catalogue, reading
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import Finding
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import (
    Path,
    Upgrade,
)
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    istiods,
    mesh_objects,
    workload_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
Objects = list[Object]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SYSTEM = "istio-system"


def healthy() -> Objects:
    """A control plane without a revision, and one workload of two pods behind a Service."""
    return [
        *control_planes.unrevisioned(),
        control_planes.default_validator(),
        mesh_objects.istiod("default", "hub.example.org/pilot:1.30.4"),
        injector_settings("1.30.4"),
        mesh_objects.namespace("cart", istio_injection="enabled"),
        mesh_objects.namespace(SYSTEM),
        mesh_objects.namespace("kube-system"),
        ready(mesh_objects.node()),
        lease("n1"),
        root(SYSTEM),
        root("cart"),
        deployment("cart", "cart"),
        workload_objects.service("cart", namespace="cart"),
        mesh_objects.pod("cart-1", "cart", revision="default", deployment="cart"),
        mesh_objects.pod("cart-2", "cart", revision="default", deployment="cart"),
    ]


def wanted(version: str = "1.31.0", revision: str = "1-31", **details: Any) -> Upgrade:
    """A canary to 1.31.0, unless something else is said."""
    parsed = Version.parse(version)
    assert parsed is not None
    return Upgrade(version=parsed, revision=revision, istio_namespace=SYSTEM, **details)


def in_place(version: str = "1.31.0", revision: str = "default", **details: Any) -> Upgrade:
    """The control plane is replaced where it stands."""
    return wanted(version, revision, path=Path.IN_PLACE, **details)


def find(api: FakeApi, upgrade: Upgrade, *allowed: str) -> list[Finding]:
    """What stands against the upgrade at noon."""
    found = reading.read(api, upgrade, clock=NOW.timestamp)
    assert api.writes == []
    return catalogue.find_all(found, upgrade, allowed)


def codes(objects: Objects, upgrade: Upgrade | None = None) -> list[tuple[str, str]]:
    """The code and severity of each finding."""
    found = find(answering(*objects), upgrade or wanted())
    return [(each.code, str(each.severity)) for each in found]


def shown(objects: Objects, upgrade: Upgrade | None = None) -> str:
    """All that is said, as a person reads it."""
    return "\n".join(catalogue.table(find(answering(*objects), upgrade or wanted())))


def answering(*objects: Object) -> FakeApi:
    """These objects, among which every istiod says that it serves nobody."""
    api = FakeApi(*objects)
    for item in objects:
        if item["kind"] == "Pod" and labels_of(item).get("app") == "istiod":
            istiods.serve(api, item["metadata"]["name"], "1.30.4", [])
    return api


def of_version(version: str) -> Objects:
    """The healthy mesh with everything of another version."""
    text = json.dumps(healthy()).replace("1.30.4", version)
    found: Objects = json.loads(text)
    return found


def without(*names: str) -> Objects:
    """The healthy mesh without the objects of these names."""
    return [item for item in healthy() if item["metadata"]["name"] not in names]


def edited(name: str, kind: str, change: Mapping[str, Any]) -> Objects:
    """The healthy mesh with one object merged with a change."""
    return [
        merged(item, change) if (item["metadata"]["name"], item["kind"]) == (name, kind) else item
        for item in healthy()
    ]


def merged(item: Mapping[str, Any], change: Mapping[str, Any]) -> Object:
    """The object with a change."""
    result = dict(item)
    for key, value in change.items():
        inner = result.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            result[key] = merged(inner, value)
        else:
            result[key] = value
    return result


def deployment(name: str, namespace: str, *, replicas: int = 2, **spec: Any) -> Object:
    """A workload whose pods are `mesh_objects.pod(..., deployment=name)`."""
    return workload_objects.workload(name, namespace=namespace, replicas=replicas, **spec)


def simple(api_version: str, kind: str, name: str, namespace: str | None, **rest: Any) -> Object:
    """Any object; `labels` and `annotations` go where they belong."""
    metadata = {key: rest.pop(key) for key in ("labels", "annotations") if key in rest}
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **place, **metadata},
        **rest,
    }


def opened(target: str, *, closed: str | None = None) -> Object:
    """The journal of a canary to that revision."""
    step = Step(phase=Phase.OPENED)
    journal = Journal(
        upgrade=_journal.Upgrade(path=JournalPath.CANARY, source="default", target=target),
        step=step,
        reached=step,
        opened="2026-05-04T08:00:00Z",
        closed=closed,
    )
    return journal.to_object("istio-system", None)


def injector_settings(tag: str, name: str = "istio-sidecar-injector") -> Object:
    """The ConfigMap that says which sidecar istiod gives to new pods."""
    values = {"global": {"hub": "hub.example.org", "tag": tag, "proxy": {"image": "proxyv2"}}}
    return simple("v1", "ConfigMap", name, SYSTEM, data={"values": json.dumps(values)})


def ready(node: Object) -> Object:
    """The node, well."""
    return merged(node, {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})


def lease(node: str, *, seconds: float = -4) -> Object:
    """The Lease of a node, renewed so many seconds after noon."""
    renewed = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return simple(
        "coordination.k8s.io/v1", "Lease", node, "kube-node-lease", spec={"renewTime": renewed}
    )


def root(namespace: str, *, days: float = 3000, serial: int = 7) -> Object:
    """The root certificate that istiod writes into a namespace."""
    return simple(
        "v1",
        "ConfigMap",
        "istio-ca-root-cert",
        namespace,
        labels={"istio.io/config": "true"},
        data={"root-cert.pem": certificate(NOW + timedelta(days=days), serial)},
    )


def certificate(end: datetime, serial: int = 7, *, version: bool = True) -> str:
    """A certificate as far as its validity; what follows is of no interest."""
    begin = _der(0x17, b"200101000000Z")
    late = end.year >= 2050
    text = end.strftime("%Y%m%d%H%M%SZ" if late else "%y%m%d%H%M%SZ").encode()
    fields = [
        _der(0xA0, _der(0x02, b"\x02")) if version else b"",
        _der(0x02, bytes([serial])),
        _der(0x30, b""),
        _der(0x30, b"x" * 200),
        _der(0x30, begin + _der(0x18 if late else 0x17, text)),
    ]
    body = _der(0x30, _der(0x30, b"".join(fields)))
    encoded = base64.encodebytes(body).decode()
    return f"-----BEGIN CERTIFICATE-----\n{encoded}-----END CERTIFICATE-----\n"


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + content
