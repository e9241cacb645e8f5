# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every finding that there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    ambient,
    bad_patch,
    both_labels,
    changed_default,
    clock,
    cni,
    config_revision,
    control_plane_room,
    default_disagrees,
    envoy_filter,
    foreign_owner,
    gateway_api,
    gateway_config,
    gateway_nodes,
    gateway_owner,
    gateway_pods,
    hand_edited,
    helm_pending,
    ill_pods,
    image_pull,
    image_registry,
    injector_image,
    istio_missing,
    istioctl_missing,
    istiod_not_asked,
    istiod_strained,
    kubernetes_version,
    limit_range,
    listener_set,
    missing_rights,
    multicluster,
    no_prestop,
    not_seen,
    old_proxies,
    other_upgrade,
    quota,
    rejected_config,
    restart_gaps,
    revision_name,
    root_certificate,
    trust_domain,
    unreachable_pods,
    version_skew,
    way_back,
    webhook_dead,
    webhook_gap,
    webhook_matrix,
    webhook_overlap,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    sort_and_override,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

Find = Callable[[Evidence, Upgrade], Iterator[Finding]]

FINDERS: tuple[Find, ...] = (
    istio_missing.find,
    istioctl_missing.find,
    way_back.find,
    version_skew.find,
    bad_patch.find,
    kubernetes_version.find,
    gateway_api.find,
    revision_name.find,
    webhook_overlap.find,
    webhook_gap.find,
    webhook_dead.find,
    webhook_matrix.find,
    both_labels.find,
    default_disagrees.find,
    injector_image.find,
    gateway_config.find,
    gateway_pods.find,
    gateway_nodes.find,
    gateway_owner.find,
    listener_set.find,
    config_revision.find,
    envoy_filter.find,
    changed_default.find,
    image_pull.find,
    image_registry.find,
    control_plane_room.find,
    quota.find,
    limit_range.find,
    istiod_strained.find,
    hand_edited.find,
    foreign_owner.find,
    helm_pending.find,
    old_proxies.find,
    rejected_config.find,
    ill_pods.find,
    unreachable_pods.find,
    restart_gaps.find,
    no_prestop.find,
    cni.find,
    ambient.find,
    multicluster.find,
    root_certificate.find,
    trust_domain.find,
    clock.find,
    other_upgrade.find,
    missing_rights.find,
    istiod_not_asked.find,
    not_seen.find,
)
OVERRIDES = (
    "bad_patch",
    "cni",
    "control_plane_room",
    "disruption_budget",
    "envoy_filter",
    "foreign_owner",
    "gateway_api",
    "gateway_config",
    "gateway_pods",
    "helm_pending",
    "ill_pods",
    "image_pull",
    "injector_image",
    "kubernetes_version",
    "limit_range",
    "listener_set",
    "missing_rights",
    "old_proxies",
    "quota",
    "rejected_config",
    "root_certificate",
    "trust_domain",
    "undrainable",
    "way_back",
)


def find_all(evidence: Evidence, upgrade: Upgrade, allowed: Collection[str]) -> list[Finding]:
    """What stands against the upgrade, the gravest first."""
    found = (finding for find in FINDERS for finding in find(evidence, upgrade))
    return sort_and_override(found, allowed)


def blocked(findings: list[Finding]) -> bool:
    """Whether one of them forbids the upgrade."""
    return any(finding.blocks for finding in findings)


def table(findings: list[Finding]) -> list[str]:
    """The findings as a person reads them."""
    lines = [line for finding in findings for line in finding.lines()]
    return lines or ["Nothing stands against the upgrade."]
