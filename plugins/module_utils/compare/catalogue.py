# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every finding of a comparison, and the comparison itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._target import Pair
from ansible_collections.meshwright.istio.plugins.module_utils.compare import (
    certificate,
    expected,
    objects,
    secret,
    service,
    setting,
    side,
    trust,
    unread,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.expected import Expected
from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import (
    Limits,
    Scope,
    scope_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Request, Side
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import TOPICS
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
    sort,
)

CODES = (
    "autoscaler",
    "certificate_authority",
    "certificate_differs",
    "certificate_ended",
    "certificate_key",
    "certificate_missing",
    "certificate_names",
    "config_unread",
    "control_plane_missing",
    "injection_differs",
    "istio_version",
    "kind_not_served",
    "mesh_setting",
    "namespace_missing",
    "no_ready_endpoint",
    "not_compared",
    "replicas",
    "root_bundle",
    "root_of_trust",
    "service_missing",
    "service_ports",
    "trust_domain",
    "workload_missing",
    *(f"{topic.name}_{what}" for topic in TOPICS for what in ("missing", "differs", "extra")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both sides as they were read, and the namespaces that are compared."""

    source: Side
    target: Side
    scope: Scope


def read(pair: Pair, requests: Sequence[Request], limits: Limits) -> Comparison:
    """Read both clusters at once."""
    apis = (pair.source, pair.target)
    source, target = pair.source.each(
        lambda each: side.read(*each), zip(apis, requests, strict=True)
    )
    places = scope_of((source, target), limits, requests[0].istio_namespace)
    return Comparison(source=source, target=target, scope=places)


def find(pair: Pair, compared: Comparison, clock: Callable[[], float] = time.time) -> list[Finding]:
    """What is different."""
    source, target, scope = compared.source, compared.target, compared.scope
    here = (each for each in source.config.values() if each.namespace in scope)
    wanted = secret.wanted(here, source.loads.values())
    ours, theirs = pair.source.each(
        lambda api: secret.read(api, wanted), (pair.source, pair.target)
    )
    return [
        *setting.find(source, target, scope),
        *trust.find(source, target, scope),
        *objects.find(source, target, scope),
        *certificate.find(ours, theirs, clock()),
        *service.find(source, target, scope),
        *unread.find(((source, ours), (target, theirs))),
    ]


def report(compared: Comparison, findings: Sequence[Finding], known: Sequence[Expected]) -> Any:
    """The result of the module but for its warnings."""
    marked = sort(expected.mark(findings, known))
    lines = [line for finding in marked for line in finding.lines()]
    counts = Counter(
        "expected" if finding.overridden else str(finding.severity) for finding in marked
    )
    return {
        **side.summaries((compared.source, compared.target)),
        "namespaces": sorted(compared.scope.namespaces),
        "blocked": any(finding.blocks for finding in marked),
        "counts": {key: counts[key] for key in (*map(str, Severity), "expected")},
        "findings": [finding.summary() for finding in marked],
        "table": "\n".join(lines or ["Nothing differs between the clusters."]),
    }
