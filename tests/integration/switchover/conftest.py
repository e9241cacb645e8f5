# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters with the same mesh, of which the second has the newer Istio."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from sandbox import istio, lifecycle, reset
from sandbox.api import Object
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from tests.integration.support.fixtures import VALIDATORS, lenient

_REMEDY = "start another: `python -m sandbox down`, then `python -m sandbox up --clusters 2`"
_NEWER = "switchover-target"
_PROXIED = ("istio-ingress", "istio-egress", "shop")


class Pair(NamedTuple):
    """The cluster that is left, on 1.30, and the one that takes over, on 1.31."""

    a: Cluster
    b: Cluster


@pytest.fixture
def pair() -> Pair:
    """Both as they were when they were new, but for the Istio of the second."""
    a, b = _clusters()
    reset.restore(a)
    if reset.knows(b, _NEWER):
        reset.restore(b, _NEWER)
    else:
        reset.restore(b)
        _renew(b)
        reset.remember(b, _NEWER)
    return Pair(a, b)


def _clusters() -> tuple[Cluster, Cluster]:
    sandbox = lifecycle.require()
    if dead := sandbox.dead():
        raise SandboxError(f"{', '.join(dead)} of the sandbox that runs has ended", _REMEDY)
    wish = sandbox.wish
    if (wish.clusters, wish.istio, wish.revision, wish.workloads) != (2, "1.30", "", "shop"):
        raise SandboxError("the sandbox that runs is not two clusters of the usual kind", _REMEDY)
    return sandbox.clusters[0], sandbox.clusters[1]


def _renew(cluster: Cluster) -> None:
    """Bring the whole mesh to 1.31, proxies included."""
    istio.install(cluster, "1.31")
    # istiod lets its validator refuse what is wrong only once it has seen that it does.
    cluster.objects.wait(VALIDATORS, lenient, what="the validators")
    for namespace in _PROXIED:
        cluster.kubectl("rollout", "restart", "deployment", "-n", namespace)
    for namespace in _PROXIED:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        cluster.objects.wait(path, istio.unready, what=f"1.31 in {namespace}")
    # What is remembered is to have no sidecar of the old version in it.
    cluster.objects.wait("/api/v1/pods", _leaving, what="the end of the old pods")


def _leaving(pods: list[Object]) -> str:
    """Which pods are still ending, in the form in which it is asked for."""
    return ", ".join(
        each["metadata"]["name"] for each in pods if "deletionTimestamp" in each["metadata"]
    )
