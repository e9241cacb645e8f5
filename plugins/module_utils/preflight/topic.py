# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is read for the findings, by what it is read for."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """One of the lists of the evidence.

    `CONTROLLERS` are the workloads that are Istio's own: istiods, gateways, the node agents.
    `REVISIONED` is configuration of Istio whose label names a revision, `SETTINGS` the ConfigMaps
    beside istiod, `ROOTS` those with the root certificate.
    """

    API_GATEWAYS = "api_gateways"
    AUTOSCALERS = "autoscalers"
    BUDGETS = "budgets"
    CONTROLLERS = "controllers"
    CRDS = "crds"
    ENVOY_FILTERS = "envoy_filters"
    HELM = "helm"
    ISTIOD_PODS = "istiod_pods"
    LEASES = "leases"
    LIMIT_RANGES = "limit_ranges"
    LISTENER_SETS = "listener_sets"
    MUTATING = "mutating"
    NAMESPACES = "namespaces"
    NODES = "nodes"
    QUOTAS = "quotas"
    REMOTES = "remotes"
    REVISIONED = "revisioned"
    ROOTS = "roots"
    SERVICES = "services"
    SETTINGS = "settings"
    VALIDATING = "validating"
    WORKLOADS = "workloads"
