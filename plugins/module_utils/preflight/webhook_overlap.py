# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A pod that two injectors reach gets whichever of them answers last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    for names, namespaces in sorted(overlaps(snapshot, upgrade).items()):
        yield Finding(
            code="webhook_overlap",
            severity=Severity.BLOCK,
            title="More than one control plane injects the same pods",
            objects=tuple(f"namespace {name}" for name in sorted(namespaces)),
            consequence="Which sidecar a new pod gets is left to chance: "
            + " and ".join(names)
            + " both match.",
            remedy="Remove the MutatingWebhookConfiguration of the control plane that shall not"
            " inject, or narrow its selectors.",
            source="istio/istio#42826, analyzer IST0139",
        )


def overlaps(snapshot: Snapshot, upgrade: Upgrade) -> dict[tuple[str, ...], set[str]]:
    """The namespaces in which several configurations match a pod, by those."""
    found: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for namespace, labels in set(_cases(snapshot, upgrade)):
        injectors = _injector.find(
            snapshot.mesh.injectors, snapshot.labels[namespace], dict(labels)
        )
        names = tuple(sorted({injector.configuration for injector in injectors}))
        if len(names) > 1:
            found[names].add(namespace)
    return dict(found)


def _cases(
    snapshot: Snapshot, upgrade: Upgrade
) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    """Each namespace that moves, with the labels of a plain pod and of every pod that is there."""
    for namespace in snapshot.namespaces:
        if upgrade.concerns(namespace.name):
            yield namespace.name, frozenset()
    for pod in snapshot.pods:
        if upgrade.concerns(pod.namespace) and pod.labels:
            yield pod.namespace, frozenset(pod.labels.items())
