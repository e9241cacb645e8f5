# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every proxy has an identity, from a root that all of them trust and that does not end soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ansible_collections.meshwright.istio.plugins.module_utils import _certificates
from ansible_collections.meshwright.istio.plugins.module_utils._certificates import CONFIG_MAP, Root
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence

_SOON = timedelta(days=60)


def find(evidence: Evidence) -> Iterator[Finding]:
    own = evidence.handed_out.get(evidence.wish.istio_namespace, "")
    if not own:
        yield Finding(
            code="root_missing",
            severity=Severity.BLOCK,
            title="istiod has handed out no root",
            objects=(f"ConfigMap {evidence.wish.istio_namespace}/{CONFIG_MAP}",),
            consequence="New proxies cannot trust their istiod, and do not start.",
            remedy="Look at the log of istiod.",
            source="istio/istio pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go",
        )
        return
    roots = evidence.wish.roots or _certificates.read_roots(CONFIG_MAP, own)
    yield from _handed_out(evidence, own)
    yield from _ending(evidence, roots)
    yield from _held(evidence, roots)


def _handed_out(evidence: Evidence, own: str) -> Iterator[Finding]:
    other = tuple(
        f"ConfigMap {namespace}/{CONFIG_MAP}"
        for namespace, bundle in sorted(evidence.handed_out.items())
        if bundle.split() != own.split()
    )
    if other:
        yield Finding(
            code="root_outdated",
            severity=Severity.WARN,
            title="Namespaces have another root than the control plane's",
            objects=other,
            consequence="New proxies there do not trust their istiod, or each other.",
            remedy="Delete these ConfigMaps: istiod makes them anew. If they differ again, two"
            " istiods have two authorities.",
            source="istio/istio pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go",
        )


def _ending(evidence: Evidence, roots: tuple[Root, ...]) -> Iterator[Finding]:
    last = max((root.ends for root in roots), default=None)
    if last is not None and last - evidence.now < _SOON:
        yield Finding(
            code="root_ends",
            severity=Severity.WARN,
            title=f"The root ends at {last:%Y-%m-%d %H:%M} UTC",
            objects=(f"ConfigMap {evidence.wish.istio_namespace}/{CONFIG_MAP}",),
            consequence="No proxy trusts another from then on.",
            remedy="Rotate it as Istio's guide for its own authority, or yours for yours, says.",
            source="istio.io tasks/security/cert-management/plugin-ca-cert",
        )


def _held(evidence: Evidence, roots: tuple[Root, ...]) -> Iterator[Finding]:
    asked = [each for each in evidence.held if not each.problem]
    anonymous = tuple(each.pod for each in asked if each.identity is None)
    if anonymous:
        yield Finding(
            code="identity_missing",
            severity=Severity.BLOCK,
            title="Proxies have no certificate of the mesh",
            objects=anonymous,
            consequence="They cannot take part in mutual TLS.",
            remedy="Look at the log of the proxy, and of istiod.",
            source="istio.io concepts/security",
        )
    expected = {root.serial for root in roots}
    strangers = tuple(
        each.pod for each in asked if each.identity is not None and not each.roots & expected
    )
    if strangers:
        yield Finding(
            code="root_stranger",
            severity=Severity.BLOCK,
            title="Proxies trust another root than the one that is expected",
            objects=strangers,
            consequence="They and the others refuse each other.",
            remedy="Restart their workloads with workload_restart. If that does not help, two"
            " istiods have two authorities.",
            source="istio.io concepts/security",
        )
    mute = tuple(f"{each.pod}: {each.problem}" for each in evidence.held if each.problem)
    if mute:
        yield Finding(
            code="proxy_unreachable",
            severity=Severity.INFO,
            title="Proxies could not be asked for their certificates",
            objects=mute,
            consequence="Whether their certificates are right is not known.",
            remedy="Look at these pods, and at the right to create pods/portforward there.",
            source="kubernetes.io reference/access-authn-authz/authorization",
        )
