# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How the open requests of a pod that is replaced end."""

    DOCUMENTATION = r"""
options:
  drain:
    description:
      - How open requests end. With V(endpoints) a pod is told to stop only when something stands in
        for it, it has left its Services, every proxy of the mesh is seen to know, and its open
        requests have ended. See the draining guide for how each kind of workload is drained.
      - A workload that cannot be drained is not restarted, and the reason is in
        C(not_restarted). With V(where_safe) it is restarted as with V(rollout), where each pod
        ends as it does in any rollout. The annotation C(meshwright.istio/drain=rollout) on a
        workload or its template makes that choice for it alone.
      - A new pod stands in once it has been ready for the C(minReadySeconds) of its workload.
      - What no Service leads to is not drained, for nobody asks it.
    type: str
    choices: [endpoints, where_safe, rollout]
    default: endpoints
  drain_timeout:
    description:
      - For how many seconds a pod is kept for its open requests, once it has left its Services.
      - After C(drainDuration) of the mesh, 45 seconds where it is not set, its sidecar ends them
        by itself.
    type: int
    default: 45
  drain_hold:
    description:
      - For how many seconds a pod is kept where its open requests are not seen, once every proxy
        knows. They are not seen in a pod without a sidecar, and not always in one whose sidecar
        keeps no statistics of its listeners (C(proxyStatsMatcher) with the suffix
        C(downstream_rq_active)); behind a headless Service clients may know the pod for longer.
    type: int
    default: 10
"""
