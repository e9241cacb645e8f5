# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where a gate looks: one source for each query and probe, one for proxies, one for pods."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._asking import (
    resolve,
    resolve_option,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Scope, Source
from ansible_collections.meshwright.istio.plugins.module_utils._gate_pods import PodSource
from ansible_collections.meshwright.istio.plugins.module_utils._gate_proxies import ProxySource
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import (
    POD_CHECKS,
    PROXY_CHECKS,
    Request,
)
from ansible_collections.meshwright.istio.plugins.module_utils._probe import ProbeSource
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import Prometheus
from ansible_collections.meshwright.istio.plugins.module_utils._query import Limits, QuerySource
from ansible_collections.meshwright.istio.plugins.module_utils._selection import read_namespaces


def for_baseline(api: Api, request: Request) -> list[Source]:
    """The queries alone, with no limit but what a baseline needs."""
    return _queries(api, request, [each.baseline_limits() for each in request.queries])


def for_holding(api: Api, request: Request) -> list[Source]:
    """Everything that must hold; refused where a limit or a selection makes no sense."""
    limits = [each.limits(request.baseline) for each in request.queries]
    return [
        *_queries(api, request, limits),
        *map(ProbeSource, request.probes),
        *_mesh(api, request),
    ]


def for_rehearsal(api: Api, request: Request) -> tuple[list[Source], list[str]]:
    """The same; what belongs to a revision that is still to come is left out, with a warning."""
    revision, checks = request.revision, request.mesh_checks
    if not checks or revision is None or resolve(_injector.read(api), revision) is not None:
        return for_holding(api, request), []
    warning = f"revision: '{revision}' does not exist yet, so nothing was tried of"
    rest = replace(request, mesh_checks=())
    return for_holding(api, rest), [f"{warning} {', '.join(checks)}."]


def _queries(api: Api, request: Request, limits: list[Limits]) -> list[Source]:
    if request.prometheus is None:
        return []
    prometheus = Prometheus(request.prometheus, api)
    pairs = zip(request.queries, limits, strict=True)
    return [QuerySource(query, limit, prometheus) for query, limit in pairs]


def _mesh(api: Api, request: Request) -> list[Source]:
    proxies, pods = request.chosen(PROXY_CHECKS), request.chosen(POD_CHECKS)
    if not proxies and not pods:
        return []
    selection, revision = request.selection, request.revision
    if not read_namespaces(api, selection):
        raise BadInputError(
            f"namespace_selector: got '{selection.namespace_selector}', which no namespace has, so"
            " there is nothing to look at. Correct it."
        )
    if revision is not None:
        revision = resolve_option("revision", revision, _injector.read(api))
    scope = Scope(selection=selection, revision=revision, istio_namespace=request.istio_namespace)
    seconds = request.pending_seconds
    return [
        *([ProxySource(api, scope, proxies)] if proxies else []),
        *([PodSource(api, scope, pods, pending_seconds=seconds)] if pods else []),
    ]
